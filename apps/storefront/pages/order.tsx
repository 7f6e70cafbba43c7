import { AddressLines } from '../parts/address-fields.tsx'
import { LineList } from '../parts/cart-lines.tsx'
import { CheckIcon } from '../parts/icons.tsx'
import { useShop } from '../parts/shop.tsx'
import { Totals } from '../parts/totals.tsx'
import type { Order, Views } from '../views.ts'

export function OrderPage({ order, justPlaced }: Views['order']) {
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
        <NextStep order={order} />
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

/** Where the shopper still has something to do. */
function NextStep({ order }: { order: Order }) {
  const { href } = useShop()
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
  return states[order.status]
}

export const orderStatusName = (status: Order['status']): string => states[status].name
