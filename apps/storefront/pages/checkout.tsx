import { AddressFields } from '../parts/address-fields.tsx'
import { LineList } from '../parts/cart-lines.tsx'
import { Field, FormProblem } from '../parts/field.tsx'
import { useShop } from '../parts/shop.tsx'
import { Totals } from '../parts/totals.tsx'
import type { Views } from '../views.ts'

type View = Views['checkout']

/** The whole checkout on one page and in one form. Its buttons say what they do: look again, or pay. */
export function CheckoutPage(view: View) {
  const { cart, problems, notice, key } = view
  // What is wrong with the payment is said at the payment.
  const { payment: _, ...elsewhere } = problems
  const { href } = useShop()
  return (
    <div class="wide checkout">
      <h1>Checkout</h1>
      <form id="checkout" class="checkout-form" method="post" action={href('/checkout')} noValidate data-checkout>
        <input type="hidden" name="key" value={key} />
        <div id="checkout-messages">
          {notice && (
            <p class="notice" role="status">
              {notice}
            </p>
          )}
          <FormProblem problems={elsewhere} />
        </div>
        <Contact {...view} />
        {cart.requiresShipping && <Delivery {...view} />}
        {cart.requiresShipping && <Methods {...view} />}
        <Payment {...view} />
        <Billing {...view} />
        <Pay {...view} />
      </form>
      <Summary {...view} />
    </div>
  )
}

function Contact({ typed, problems, signedIn }: View) {
  const { href } = useShop()
  return (
    <fieldset class="step">
      <legend>Contact</legend>
      {!signedIn && (
        <p class="step-aside">
          <a href={href('/account/sign-in?next=/checkout')}>Sign in</a> if you have an account. You do not need one.
        </p>
      )}
      <Field
        name="email"
        label="E-mail"
        type="email"
        autocomplete="email"
        typed={typed}
        problems={problems}
        maxLength={254}
        hint="Your confirmation goes here."
      />
    </fieldset>
  )
}

function Delivery({ typed, problems, countries, addresses }: View) {
  return (
    <fieldset class="step">
      <legend>Delivery</legend>
      {addresses.length > 0 && (
        <fieldset class="saved">
          <legend class="visually-hidden">Your addresses</legend>
          {addresses.map(({ id, name, line1, city }) => (
            <button class="saved-address" type="submit" name="useAddress" value={id} formNoValidate>
              <strong>{name}</strong>
              <span class="soft">
                {line1}, {city}
              </span>
            </button>
          ))}
        </fieldset>
      )}
      <AddressFields
        prefix="shippingAddress/"
        section="shipping"
        countries={countries}
        typed={typed}
        problems={problems}
      />
    </fieldset>
  )
}

function Methods({ methods, shippingUnavailable, typed, problems, cart }: View) {
  const { money } = useShop()
  const chosen = typed.shippingMethod ?? cart.shippingMethod
  return (
    <fieldset class="step" id="methods">
      <legend>Shipping</legend>
      {problems.shippingMethod && <p class="problem">{problems.shippingMethod}</p>}
      {methods.length === 0 ? (
        <p class="soft">
          {shippingUnavailable
            ? 'Shipping cannot be calculated just now. Your cart is kept; please try again in a minute.'
            : 'How it can reach you, and for how much, shows here as soon as the address is complete.'}
        </p>
      ) : (
        <ul class="choices">
          {methods.map(({ id, name, price, days }) => (
            <li>
              <label class="choice">
                <input type="radio" name="shippingMethod" id={`method-${id}`} value={id} checked={id === chosen} />
                <span class="choice-words">
                  <span>{name}</span>
                  <span class="soft">{workingDays(days)}</span>
                </span>
                <span>{price.amount === 0 ? 'Free' : money(price)}</span>
              </label>
            </li>
          ))}
        </ul>
      )}
      <p>
        <button class="button button-quiet button-small without-script" name="intent" value="update" type="submit">
          {methods.length === 0 ? 'Show shipping' : 'Update total'}
        </button>
      </p>
    </fieldset>
  )
}

const workingDays = ({ least, most }: { readonly least: number; readonly most: number }): string =>
  least === most ? `${most} working ${most === 1 ? 'day' : 'days'}` : `${least} to ${most} working days`

/** Card data goes into the provider's own page in a frame, and never to the shop. Without scripts the provider asks on
 *  a page of its own after this one, if it has one. */
function Payment({ providers, typed, problems, cart }: View) {
  const offered = providers.filter(({ available }) => available)
  const chosen = offered.find(({ name }) => name === typed.provider) ?? offered[0] ?? providers[0]
  const isDue = cart.due.amount > 0
  return (
    <fieldset class="step" id="payment">
      <legend>Payment</legend>
      {problems.payment && (
        <p class="alert" role="alert" tabIndex={-1} data-focus>
          {problems.payment}
        </p>
      )}
      {offered.length === 0 && !problems.payment && (
        <p class="notice" role="status">
          Paying does not work just now. Your cart is kept; please try again in a minute.
        </p>
      )}
      {providers.length > 1 ? (
        <ul class="choices">
          {providers.map(({ name, title, available }) => (
            <li>
              <label class="choice">
                <input
                  type="radio"
                  name="provider"
                  value={name}
                  checked={name === chosen?.name}
                  disabled={!available}
                />
                <span class="choice-words">{available ? title : `${title} (does not answer just now)`}</span>
              </label>
            </li>
          ))}
        </ul>
      ) : (
        <input type="hidden" name="provider" value={chosen?.name ?? ''} />
      )}
      <input type="hidden" name="token" value="" />
      {providers.map(
        ({ name, title, fieldsUrl }) =>
          fieldsUrl && (
            <iframe
              class="card-frame"
              src={fieldsUrl}
              title={`${title}: card details`}
              data-provider={name}
              hidden={name !== chosen?.name || !isDue}
            />
          ),
      )}
      {providers.map(
        ({ name, script }) =>
          script && (
            <div class="card-script" data-provider={name} hidden={!isDue || name !== chosen?.name}>
              <p class="notice without-script">
                This way to pay needs JavaScript: the card fields are the payment provider’s own. Turn it on and load
                this page again{providers.length > 1 && ', or choose another way to pay'}.
              </p>
              <div
                class="card-fields"
                data-script={script.url}
                data-public-key={script.publicKey}
                data-capture={script.captureNow ? 'automatic' : 'manual'}
                data-currency={cart.totals.total.currency.toLowerCase()}
              />
            </div>
          ),
      )}
      <p id="nothing-due" hidden={isDue}>
        {cart.giftCards.length > 0 ? 'Your gift card pays for all of it.' : 'There is nothing to pay.'}
      </p>
      <p class="problem" id="card-problem" role="alert" hidden />
    </fieldset>
  )
}

function Billing({ typed, problems, billingCountries, cart }: View) {
  const differs = typed.billingDiffers === 'true' || !cart.requiresShipping
  return (
    <fieldset class="step billing">
      <legend>Billing address</legend>
      {cart.requiresShipping ? (
        <label class="switch">
          <input type="checkbox" name="billingDiffers" value="true" checked={differs} />
          <span>It differs from the delivery address</span>
        </label>
      ) : (
        <input type="hidden" name="billingDiffers" value="true" />
      )}
      <div class={cart.requiresShipping ? 'billing-fields' : undefined}>
        <AddressFields
          prefix="billingAddress/"
          section="billing"
          countries={billingCountries}
          typed={typed}
          problems={problems}
        />
      </div>
    </fieldset>
  )
}

function Pay({ cart }: View) {
  const { money, settings, href } = useShop()
  const { termsPage, privacyPage } = settings
  const page = (slug: string, words: string) => (
    <a href={href(`/pages/${slug}`)} target="_blank" rel="noopener">
      {words}
    </a>
  )
  return (
    <div class="pay" id="pay">
      <input type="hidden" name="expectedTotal" value={String(cart.totals.total.amount)} />
      <input type="hidden" name="expectedDue" value={String(cart.due.amount)} />
      <button class="button button-large button-wide" name="intent" value="pay" type="submit">
        {cart.due.amount > 0 ? `Pay ${money(cart.due)}` : 'Place order'}
      </button>
      {(termsPage || privacyPage) && (
        <p class="soft">
          {termsPage && <>With your order you accept our {page(termsPage, 'terms')}. </>}
          {privacyPage && <>What becomes of your data is in our {page(privacyPage, 'privacy notice')}.</>}
        </p>
      )}
    </div>
  )
}

function Summary({ cart, methods }: View) {
  const method = methods.find(({ id }) => id === cart.shippingMethod)
  const isKnown = !cart.requiresShipping || cart.shippingMethod !== null
  return (
    <aside class="summary" id="summary" aria-label="Your order">
      <h2>Your order</h2>
      <LineList lines={cart.lines} />
      <Totals
        totals={cart.totals}
        discounts={cart.discounts}
        giftCards={cart.giftCards}
        due={cart.due}
        taxIncluded={cart.taxIncluded}
        shippingName={isKnown ? (method?.name ?? '') : null}
      />
    </aside>
  )
}
