import { formatMoney } from '#kernel/money'
import { brandName } from '../cards.ts'
import type { Payment, Refund, Status } from '../payment.ts'
import type { EventStory, Found, Shop } from '../store.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

const states: Readonly<Record<Status, { name: string; tone: 'good' | 'bad' | 'wait' | '' }>> = {
  requires_card: { name: 'waits for card', tone: 'wait' },
  requires_challenge: { name: 'waits for 3-D Secure', tone: 'wait' },
  processing: { name: 'processing', tone: 'wait' },
  authorized: { name: 'authorized', tone: 'good' },
  captured: { name: 'captured', tone: 'good' },
  declined: { name: 'declined', tone: 'bad' },
  voided: { name: 'voided', tone: '' },
  expired: { name: 'expired', tone: '' },
}

/** All payments, newest first. */
export function paymentsPage(found: readonly Found[], shop: Shop, older: string | null): string {
  return layout({
    title: 'Payments · Sandbox',
    kind: 'table',
    body: html`<main>
<h1>Payments</h1>
<p class="muted">Everything here is rehearsed: cards are test cards and no bank is asked. Webhooks go to ${
      shop.webhookUrl ?? 'nobody yet'
    }.</p>
<div class="sheet">${
      found.length === 0
        ? html`<p class="empty">No payments yet. Buy something in the shop with card 4242 4242 4242 4242.</p>`
        : html`<table>
<thead><tr><th scope="col">Order</th><th scope="col" class="number">Amount</th><th scope="col">State</th><th scope="col">Card</th><th scope="col" class="number">Made</th></tr></thead>
<tbody>${found.map(({ payment }) => row(payment))}</tbody>
</table>`
    }</div>
${older ? html`<p><a href="${older}">Older payments</a></p>` : null}
</main>`,
  })
}

function row(payment: Payment): Html {
  return html`<tr>
<td class="order"><a href="/payments/${payment.id}">${payment.orderId}</a></td>
<td class="number">${money(payment, payment.amount)}</td>
<td>${state(payment)}</td>
<td class="muted end">${card(payment)}</td>
<td class="number muted">${time(payment.createdAt)}</td>
</tr>`
}

/** One payment: its sums, and what happened in which order. */
export function paymentPage(payment: Payment, refunds: readonly Refund[], events: readonly EventStory[]): string {
  return layout({
    title: `${payment.orderId} · Sandbox`,
    kind: 'table',
    body: html`<main>
<p><a href="/">All payments</a></p>
<h1>${money(payment, payment.amount)} ${state(payment)}</h1>
<div class="sheet"><dl class="facts">
<dt>Order</dt><dd>${payment.orderId}</dd>
<dt>Payment</dt><dd>${payment.id}</dd>
<dt>Attempt</dt><dd>${payment.attemptKey}</dd>
<dt>Card</dt><dd>${card(payment)}</dd>
${payment.declineReason ? html`<dt>Declined</dt><dd>${payment.declineReason}</dd>` : null}
<dt>Authorized</dt><dd>${money(payment, payment.authorized)}</dd>
<dt>Captured</dt><dd>${money(payment, payment.captured)}</dd>
<dt>Refunded</dt><dd>${money(payment, payment.refunded)}</dd>
${payment.status === 'authorized' && payment.authorizedUntil ? html`<dt>Lapses</dt><dd>${time(payment.authorizedUntil)}</dd>` : null}
${refunds.map((refund) => html`<dt>Refund</dt><dd>${money(payment, refund.amount)}<br><span class="muted">${time(refund.createdAt)}</span></dd>`)}
</dl></div>
<h2>What the shop was told</h2>
<div class="sheet">${
      events.length === 0
        ? html`<p class="empty">Nothing yet.</p>`
        : html`<ol class="story">${events.map(
            (event) => html`<li><strong>${event.type}</strong> <span class="muted">${time(event.createdAt)}</span>
${event.deliveries.map(
  (delivery) =>
    html`<p class="muted">${delivery.state.replace('_', ' ')} after ${delivery.attempts} ${delivery.attempts === 1 ? 'attempt' : 'attempts'}${
      delivery.answer ? `, last answer ${delivery.answer}` : ''
    }</p>`,
)}</li>`,
          )}</ol>`
    }</div>
</main>`,
  })
}

const money = (payment: Payment, amount: number): string => formatMoney({ amount, currency: payment.currency }, 'en')

const card = (payment: Payment): string =>
  payment.brand ? `${brandName(payment.brand)} ···· ${payment.last4}` : 'none yet'

function state(payment: Payment): Html {
  const whole = payment.refunded > 0 && payment.refunded === payment.captured
  const { name, tone } = states[payment.status]
  return payment.refunded > 0
    ? html`<span class="state">${whole ? 'refunded' : 'partly refunded'}</span>`
    : html`<span class="state ${tone}">${name}</span>`
}

const time = (at: Date): Html =>
  html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace('T', ' ')}</time>`
