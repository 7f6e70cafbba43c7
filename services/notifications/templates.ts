import type T from 'typebox'
import type { Order, PaymentView } from '#contracts/orders'
import { formatMoney, type Money } from '#kernel/money'
import { button, html, type Markup, nothing, oneLine, page } from './layout.ts'

export type Letter = { readonly subject: string; readonly html: string; readonly text: string }
type AnOrder = T.Static<typeof Order>

/** What an order's mails are made of; `locale` is the market's. */
export type OrderFacts = {
  readonly shopName: string
  readonly order: AnOrder
  readonly url: string
  /** How its payment stands, while it is awaited. */
  readonly payment: T.Static<typeof PaymentView> | null
  readonly locale: string
}

export function orderConfirmation({ shopName, order, url, locale }: OrderFacts): Letter {
  const heading = 'Thank you for your order'
  const greeting = `We have received your order ${order.number} and will write again when it is on its way.`
  return {
    subject: oneLine(`Your order ${order.number} at ${shopName}`),
    html: page({
      shopName,
      heading,
      body: html`<p style="margin:0 0 8px">${greeting}</p>${orderTable(order, locale)}${addressBlock(order)}${button('See your order', url)}`,
    }),
    text: [
      heading,
      '',
      greeting,
      '',
      ...orderLines(order, locale),
      '',
      ...addressLines(order),
      '',
      `See your order: ${url}`,
    ].join('\n'),
  }
}

/** What to transfer, where to, and until when; null when nothing is asked any more. */
export function paymentInstructions({ shopName, order, url, payment, locale }: OrderFacts): Letter | null {
  if (!payment?.instructions) return null
  const due = formatMoney(order.due, locale)
  const until = payment.payableUntil
    ? new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(payment.payableUntil))
    : null
  return simple({
    shopName,
    subject: `How to pay your order ${order.number} at ${shopName}`,
    heading: `Your order ${order.number} is kept for you`,
    paragraphs: [
      `Please transfer ${due} with the reference ${order.number}${until ? ` by ${until}` : ''}. We send your order as soon as the money is here.`,
      ...payment.instructions.split('\n').filter((line) => line.trim() !== ''),
    ],
    link: ['See your order', url],
  })
}

export function orderCanceled({ shopName, order, url }: OrderFacts): Letter {
  const heading = `Order ${order.number} was canceled`
  const body =
    'Your order will not be sent. Money that was reserved is released, money that was taken goes back the way it came; a bank may need some days for it.'
  return simple({
    shopName,
    subject: `Your order ${order.number} was canceled`,
    heading,
    paragraphs: [body],
    link: ['See your order', url],
  })
}

export function shippingConfirmation(facts: OrderFacts, fulfillmentId: string): Letter {
  const { shopName, order, url } = facts
  const sent = order.fulfillments.find(({ id }) => id === fulfillmentId)
  const lines = (sent?.lines ?? []).flatMap(({ lineId, quantity }) => {
    const line = order.lines.find(({ id }) => id === lineId)
    return line ? [`${quantity} × ${titleOf(line)}`] : []
  })
  const by = sent?.carrier
    ? `It travels with ${sent.carrier}${sent.trackingNumber ? `, tracking number ${sent.trackingNumber}` : ''}.`
    : ''
  return simple({
    shopName,
    subject: `Your order ${order.number} is on its way`,
    heading: 'On its way to you',
    paragraphs: [`This part of your order ${order.number} has left us:`, ...lines, by].filter(Boolean),
    link: ['See your order', url],
  })
}

export function refundConfirmation({ shopName, order, url, locale }: OrderFacts, amount: Money): Letter {
  const sum = formatMoney(amount, locale)
  return simple({
    shopName,
    subject: `${sum} for your order ${order.number} goes back to you`,
    heading: 'A refund for you',
    paragraphs: [
      `We have sent ${sum} back the way you paid for order ${order.number}. A bank may need some days to show it.`,
    ],
    link: ['See your order', url],
  })
}

/** Mails about an account. `values` are what identity hands over: a name and a link. */
export const accountLetters: Readonly<
  Record<string, (shopName: string, values: Readonly<Record<string, string>>) => Letter>
> = {
  'verify-email': (shopName, { name = '', url = '' }) =>
    simple({
      shopName,
      subject: `Confirm your e-mail address for ${shopName}`,
      heading: `Welcome${name ? `, ${name}` : ''}`,
      paragraphs: [
        'Please confirm that this is your e-mail address.',
        'If you did not open an account with us, you need not do anything.',
      ],
      link: ['Confirm address', url],
    }),
  'account-exists': (shopName, { name = '', url = '' }) =>
    simple({
      shopName,
      subject: `You already have an account at ${shopName}`,
      heading: `Hello${name ? `, ${name}` : ''}`,
      paragraphs: [
        'Somebody, perhaps you, tried to open an account with this address. You have one already: sign in, or set a new password if you have forgotten yours.',
        'If it was not you, nothing has happened and you need not do anything.',
      ],
      link: ['Sign in', url],
    }),
  'reset-password': (shopName, { name = '', url = '' }) =>
    simple({
      shopName,
      subject: `A new password for ${shopName}`,
      heading: `Hello${name ? `, ${name}` : ''}`,
      paragraphs: [
        'With this link you can set a new password. It works once, within an hour.',
        'If you did not ask for it, your password stays as it is.',
      ],
      link: ['Set a new password', url],
    }),
}

function simple(letter: {
  shopName: string
  subject: string
  heading: string
  paragraphs: readonly string[]
  link: readonly [string, string]
}): Letter {
  const [label, url] = letter.link
  return {
    subject: oneLine(letter.subject),
    html: page({
      shopName: letter.shopName,
      heading: letter.heading,
      body: html`${letter.paragraphs.map((one) => html`<p style="margin:0 0 12px">${one}</p>`)}${button(label, url)}`,
    }),
    text: [letter.heading, '', ...letter.paragraphs, '', `${label}: ${url}`].join('\n'),
  }
}

const titleOf = (line: { title: string; variantTitle: string }): string =>
  line.variantTitle ? `${line.title}, ${line.variantTitle}` : line.title

/** The rows below the goods: what comes off, what comes on, what it makes. */
function sums(order: AnOrder, locale: string): [label: string, amount: string][] {
  const { totals } = order
  const show = (amount: Money): string => formatMoney(amount, locale)
  const rows: [string, string][] = [['Goods', show(totals.items)]]
  if (totals.discount.amount > 0) rows.push(['Discount', `−${show(totals.discount)}`])
  rows.push([order.shippingMethod ? `Shipping (${order.shippingMethod.name})` : 'Shipping', show(totals.shipping)])
  if (!order.taxIncluded) rows.push(['Tax', show(totals.tax)])
  rows.push(['Total', show(totals.total)])
  if (order.taxIncluded) rows.push(['of which tax', show(totals.tax)])
  for (const { last4, amount } of order.giftCards) rows.push([`Gift card ···· ${last4}`, `−${show(amount)}`])
  if (order.giftCards.length > 0 && order.due.amount > 0) rows.push(['Paid otherwise', show(order.due)])
  return rows
}

function orderTable(order: AnOrder, locale: string): Markup {
  const cell = 'border-top:1px solid #e6e0d4;padding:10px 0;vertical-align:top'
  const goods = order.lines.map(
    (line) =>
      html`<tr><td style="${cell}">${line.quantity} × ${titleOf(line)}</td><td align="right" style="${cell};white-space:nowrap">${formatMoney(line.subtotal, locale)}</td></tr>`,
  )
  const totals = sums(order, locale).map(([label, amount]) => {
    const weight = label === 'Total' ? ';font-weight:700' : ''
    return html`<tr><td style="padding:4px 0${weight}">${label}</td><td align="right" style="padding:4px 0;white-space:nowrap${weight}">${amount}</td></tr>`
  })
  return html`<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="margin:20px 0">${goods}<tr><td colspan="2" style="border-top:1px solid #e6e0d4;font-size:0;line-height:0;padding:0 0 8px">&nbsp;</td></tr>${totals}</table>`
}

const orderLines = (order: AnOrder, locale: string): string[] => [
  ...order.lines.map((line) => `${line.quantity} × ${titleOf(line)}  ${formatMoney(line.subtotal, locale)}`),
  '',
  ...sums(order, locale).map(([label, amount]) => `${label}: ${amount}`),
]

function addressLines({ shippingAddress: to }: AnOrder): string[] {
  if (!to) return []
  return [
    'It goes to:',
    to.name,
    to.company ?? '',
    to.line1,
    to.line2 ?? '',
    `${to.postalCode} ${to.city}`,
    to.region ?? '',
    to.country,
  ].filter(Boolean)
}

function addressBlock(order: AnOrder): Markup {
  const [label, ...lines] = addressLines(order)
  if (label === undefined) return nothing
  return html`<p style="color:#5d665f;margin:0 0 4px">${label}</p><p style="margin:0">${lines.map((line) => html`${line}<br>`)}</p>`
}
