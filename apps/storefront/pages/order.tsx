import { AddressLines } from '../parts/address-fields.tsx'
import { LineList } from '../parts/cart-lines.tsx'
import { CheckIcon } from '../parts/icons.tsx'
import { useShop } from '../parts/shop.tsx'
import { Totals } from '../parts/totals.tsx'
import type { Order, Views } from '../views.ts'

export function OrderPage({ order, justPlaced, challenge }: Views['order']) {
  const { date, money } = useShop()
  const words = statusWords(order)
  const isGood = order.status === 'placed' || order.status === 'fulfilled'
  return (
    <div class="wide order">
      <header class="order-head">
        {isGood && (
          <span class="order-mark">
            <CheckIcon />
          </span>
        )}
        <h1>{justPlaced && isGood ? 'Thank you for your order' : `Order ${order.number}`}</h1>
        <p class="lead">{words.text}</p>
        <p class="soft">
          {justPlaced && isGood ? `Order ${order.number}` : words.name} · {date(order.placedAt ?? order.createdAt)}
          {justPlaced && isGood && <> · A confirmation goes to {order.email}</>}
        </p>
        {challenge ? <Challenge {...challenge} /> : <NextStep order={order} />}
      </header>
      <div class="order-columns">
        <section class="order-lines" aria-label="Items">
          <LineList lines={order.lines} />
          <Totals
            totals={order.totals}
            discounts={order.discounts}
            giftCards={order.giftCards}
            due={order.due}
            taxIncluded={order.taxIncluded}
            shippingName={order.shippingMethod?.name ?? ''}
            isFinal
          />
          {order.refunded.amount > 0 && <p class="notice">{money(order.refunded)} was given back to you.</p>}
        </section>
        <div class="order-facts">
          <Fulfillments order={order} />
          {order.shippingAddress && (
            <section>
              <h2>Goes to</h2>
              <AddressLines address={order.shippingAddress} />
            </section>
          )}
          {order.billingAddress && (
            <section>
              <h2>Billed to</h2>
              <AddressLines address={order.billingAddress} />
            </section>
          )}
        </div>
      </div>
    </div>
  )
}

/** The bank's question, put by the provider's own script: at once to who comes from the checkout, else when asked for. */
function Challenge({ script, clientSecret, returnPath }: NonNullable<Views['order']['challenge']>) {
  const { href } = useShop()
  return (
    <div
      class="challenge"
      data-challenge={clientSecret}
      data-script={script.url}
      data-public-key={script.publicKey}
      data-return={href(returnPath)}
    >
      <p class="notice without-script">Your bank’s question needs JavaScript. Turn it on and load this page again.</p>
      <button class="button with-script" type="button">
        Confirm the payment
      </button>
      <p class="problem" role="alert" hidden />
    </div>
  )
}

/** What to transfer; the order's number says whose money it is. */
function Transfer({ order, instructions }: { order: Order; instructions: string }) {
  const { date, money } = useShop()
  const until = order.payment?.payableUntil
  return (
    <section class="transfer" aria-labelledby="transfer-title">
      <h2 id="transfer-title">How to pay</h2>
      <dl class="transfer-facts">
        <dt>Amount</dt>
        <dd>{money(order.due)}</dd>
        <dt>Reference</dt>
        <dd>
          <span class="code">{order.number}</span>
        </dd>
        {until && (
          <>
            <dt>By</dt>
            <dd>{date(until)}</dd>
          </>
        )}
      </dl>
      <p class="transfer-words">{instructions}</p>
    </section>
  )
}

/** Where the shopper still has something to do. */
function NextStep({ order }: { order: Order }) {
  const { href } = useShop()
  if (order.status === 'awaiting_payment' && order.payment?.instructions) {
    return <Transfer order={order} instructions={order.payment.instructions} />
  }
  if (order.payment?.status === 'requires_action' && order.payment.redirectUrl) {
    return (
      <p>
        <a class="button" href={order.payment.redirectUrl} rel="noreferrer external">
          Confirm the payment
        </a>
      </p>
    )
  }
  if (order.status === 'declined' || order.status === 'expired') {
    return (
      <p>
        <a class="button" href={href('/cart')}>
          Back to your cart
        </a>
      </p>
    )
  }
  return null
}

function Fulfillments({ order }: { order: Order }) {
  const { date } = useShop()
  if (order.fulfillments.length === 0) return null
  return (
    <section>
      <h2>On its way</h2>
      <ul class="fulfillments">
        {order.fulfillments.map(({ lines, carrier, trackingNumber, createdAt }) => (
          <li>
            {lines.reduce((all, { quantity }) => all + quantity, 0)} of{' '}
            {order.lines.reduce((all, { quantity }) => all + quantity, 0)} items left on {date(createdAt)}
            {carrier && <> with {carrier}</>}
            {trackingNumber && (
              <>
                , tracking number <span class="code">{trackingNumber}</span>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

const states: Readonly<Record<Order['status'], { readonly name: string; readonly text: string }>> = {
  placing: { name: 'Being placed', text: 'We are placing your order. This page looks again by itself.' },
  awaiting_payment: {
    name: 'Waiting for payment',
    text: 'Your payment is not through yet. This page looks again by itself.',
  },
  placed: { name: 'Placed', text: 'It is ours to do now: we pack it and tell you when it leaves.' },
  fulfilled: { name: 'Sent', text: 'Everything has left us.' },
  canceled: { name: 'Canceled', text: 'This order was canceled. What was paid goes back the way it came.' },
  declined: {
    name: 'Payment declined',
    text: 'The payment was declined and nothing was charged. Your cart is as you left it.',
  },
  expired: {
    name: 'Expired',
    text: 'The payment did not arrive in time, so we let the goods go. Nothing was charged.',
  },
}

function statusWords(order: Order): { readonly name: string; readonly text: string } {
  if (order.status === 'awaiting_payment' && order.payment?.status === 'requires_action') {
    return { name: 'Waiting for you', text: 'Your bank asks whether it is you. The goods are kept for you until then.' }
  }
  if (order.status === 'awaiting_payment' && order.payment?.instructions) {
    return {
      name: 'Waiting for your transfer',
      text: 'The goods are kept for you. We send them as soon as your money is here; how to pay stands below and in a mail.',
    }
  }
  return states[order.status]
}

export const orderStatusName = (status: Order['status']): string => states[status].name
