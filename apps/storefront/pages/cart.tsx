import { LineFacts } from '../parts/cart-lines.tsx'
import { Field, FormProblem } from '../parts/field.tsx'
import { CloseIcon } from '../parts/icons.tsx'
import { Price } from '../parts/price.tsx'
import { useShop } from '../parts/shop.tsx'
import { Totals } from '../parts/totals.tsx'
import type { CartLine, Problems, Typed, Views } from '../views.ts'

export function CartPage(view: Views['cart']) {
  const { cart } = view
  return (
    <div class="wide cart-page">
      <h1 id="cart-title">Your cart</h1>
      <div id="cart" class="cart" data-units={cart ? units(cart.lines) : 0}>
        {cart && cart.lines.length > 0 ? <FullCart {...view} cart={cart} /> : <EmptyCart {...view} />}
      </div>
    </div>
  )
}

const units = (lines: readonly CartLine[]): number => lines.reduce((all, { quantity }) => all + quantity, 0)

function FullCart({ cart, problems, typed }: Views['cart'] & { cart: NonNullable<Views['cart']['cart']> }) {
  const { href } = useShop()
  return (
    <>
      <div class="cart-lines">
        <FormProblem problems={problems} />
        <ul>
          {cart.lines.map((line) => (
            <Line line={line} problems={problems} typed={typed} />
          ))}
        </ul>
      </div>
      <aside class="summary" aria-label="Total">
        <Totals
          totals={cart.totals}
          discounts={cart.discounts}
          giftCards={cart.giftCards}
          due={cart.due}
          taxIncluded={cart.taxIncluded}
          shippingName={cart.shippingMethod === null ? null : ''}
        />
        <a class="button button-large button-wide" href={href('/checkout')} data-checkout>
          Go to checkout
        </a>
        <Codes cart={cart} problems={problems} typed={typed} />
      </aside>
    </>
  )
}

function Line({ line, problems, typed }: { line: CartLine; problems: Problems; typed: Typed }) {
  const { href, money } = useShop()
  const id = `quantity-${line.id}`
  const name = `quantity/${line.id}`
  const problem = problems[name]
  const action = href(`/cart/lines/${line.id}`)
  const label = line.variantTitle ? `${line.title}, ${line.variantTitle}` : line.title
  return (
    <li class="line">
      <LineFacts line={line} />
      <span class="line-unit">
        <Price price={line.unitPrice} before={line.compareAtPrice} />
      </span>
      <form class="line-quantity" method="post" action={action} data-swap="#cart" data-auto-submit>
        <label class="visually-hidden" for={id}>
          Quantity of {label}
        </label>
        <span class="stepper" data-stepper>
          <input
            id={id}
            name="quantity"
            type="number"
            inputMode="numeric"
            min={0}
            max={10_000}
            value={typed[name] ?? String(line.quantity)}
            required
            aria-invalid={problem ? 'true' : undefined}
            aria-describedby={problem ? `${id}-problem` : undefined}
          />
        </span>
        <button class="button button-small button-quiet without-script" type="submit">
          Update
        </button>
      </form>
      <form class="line-remove" method="post" action={`${action}/remove`} data-swap="#cart">
        <button class="icon-button" type="submit" aria-label={`Remove ${label}`}>
          <CloseIcon />
        </button>
      </form>
      <span class="line-amount">{money(line.subtotal)}</span>
      {(problem || line.short) && (
        <p class="line-note problem" id={`${id}-problem`}>
          {problem ?? `We do not have ${line.quantity} of these at the moment. Take fewer, and we can send them.`}
        </p>
      )}
    </li>
  )
}

/** One field for both: who was given a code need not know what kind it is. */
function Codes({
  cart,
  problems,
  typed,
}: Pick<Views['cart'], 'problems' | 'typed'> & { cart: NonNullable<Views['cart']['cart']> }) {
  const { href } = useShop()
  const remove = (name: string, value: string, what: string) => (
    <form method="post" action={href('/cart/codes/remove')} data-swap="#cart">
      <input type="hidden" name={name} value={value} />
      <button class="link" type="submit" aria-label={`Remove ${what}`}>
        Remove
      </button>
    </form>
  )
  return (
    <div class="codes">
      {cart.coupons.length + cart.giftCards.length > 0 && (
        <ul>
          {cart.coupons.map(({ code, applied, reason }) => (
            <li>
              <span class="code">{code}</span>{' '}
              {applied ? <span class="good">applied</span> : <span class="soft">{reason}</span>}
              {remove('code', code, `coupon ${code}`)}
            </li>
          ))}
          {cart.giftCards.map(({ id, last4, amount }) => (
            <li>
              Gift card <span class="code">···· {last4}</span>{' '}
              {amount.amount > 0 ? <span class="good">applied</span> : <span class="soft">pays nothing now</span>}
              {remove('giftCard', id, `gift card ending in ${last4}`)}
            </li>
          ))}
        </ul>
      )}
      <details id="code-entry" open={problems.code !== undefined}>
        <summary>Have a discount code or a gift card?</summary>
        <form class="code-form" method="post" action={href('/cart/codes')} data-swap="#cart">
          <Field
            name="code"
            label="Discount or gift-card code"
            typed={typed}
            problems={problems}
            maxLength={60}
            autocomplete="off"
          />
          <button class="button button-quiet" type="submit">
            Apply
          </button>
        </form>
      </details>
    </div>
  )
}

function EmptyCart({ otherCart, problems }: Views['cart']) {
  const { categories, href } = useShop()
  return (
    <div class="empty">
      <FormProblem problems={problems} />
      <svg class="empty-drawing" viewBox="0 0 200 150" aria-hidden="true">
        <path class="empty-step" d="M14 136h172M26 128h148M38 120h124" />
        <path class="empty-arch" d="M58 120V72a42 42 0 0 1 84 0v48" />
        <path class="empty-arch" d="M74 120V74a26 26 0 0 1 52 0v46" />
        <path class="empty-light" d="M82 120V76a18 18 0 0 1 36 0v44Z" />
      </svg>
      <h2>Nothing in here yet</h2>
      {otherCart && (
        <p>
          You left something in your cart for <a href={otherCart.href}>{otherCart.market.name}</a>.
        </p>
      )}
      <ul class="empty-links">
        {categories.slice(0, 6).map(({ handle, title }) => (
          <li>
            <a class="chip" href={href(`/categories/${encodeURIComponent(handle)}`)}>
              {title}
            </a>
          </li>
        ))}
      </ul>
      <p>
        <a class="button" href={href('/products')}>
          Look at everything
        </a>
      </p>
    </div>
  )
}
