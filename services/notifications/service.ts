import { join } from 'node:path'
import type T from 'typebox'
import { type Mail, NotificationSettings, notifications, type Template } from '#contracts/notifications'
import { orders } from '#contracts/orders'
import { pricing } from '#contracts/pricing'
import { orderCanceled, orderFulfilled, orderPlaced, orderRefunded, paymentRequested } from '#events/orders'
import { type Call, hasPermission } from '#kernel/call'
import type { Client } from '#kernel/client'
import { type DeepReadonly, type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Database } from '#kernel/database'
import type { EventDeclaration } from '#kernel/event'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { onAllPrepared, type Subscription } from '#kernel/inbox'
import { validationFailed } from '#kernel/problem'
import { service } from '#kernel/service'
import { placeNow, traceparentOf } from '#kernel/tracing'
import { mailFigures } from './figures-store.ts'
import { createPost, failuresToOpen, isServerTrouble, openMs, postFallback, sendDueMails } from './post.ts'
import * as store from './store.ts'
import * as templates from './templates.ts'

type Operations = (typeof notifications)['operations']
type TemplateName = T.Static<typeof Template>

/** As the contract's tags say. */
const keptDays = 90

type Deps = {
  readonly db: Database
  readonly orders: Client<typeof orders>
  readonly pricing: Client<typeof pricing>
  readonly shopName: string
  /** No mail server is configured: mails are kept for staff to read. */
  readonly keep: boolean
}

export const notificationsService = service({
  contract: notifications,
  settings: NotificationSettings,
  calls: [orders, pricing],
  connections: 3,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async (host) => {
    const { db, settings } = host
    const smtpUrl = host.environment.SMTP_URL
    const post = smtpUrl
      ? createPost((await import('nodemailer')).createTransport(smtpUrl), {
          from: settings.from,
          replyTo: settings.replyTo,
          publicUrl: host.shop.publicUrl,
        })
      : null
    const server = host.breaker({
      name: 'mail server',
      fallback: postFallback,
      failuresToOpen,
      openMs,
      isFailure: isServerTrouble,
    })
    const deps: Deps = {
      db,
      orders: host.client(orders),
      pricing: host.client(pricing),
      shopName: host.shop.name,
      keep: post === null,
    }
    return {
      operations: {
        send: (input) => send(deps, input),
        mails: (input) => mails(deps, input),
        mail: (input, call) => mail(deps, input, call),
      },
      subscriptions: orderMails(deps),
      figures: mailFigures,
      jobs: [
        ...(post ? [{ name: 'send-mails', everyMs: 500, run: () => sendDueMails(db, post, server) }] : []),
        { name: 'remove-old-mails', everyMs: 3_600_000, run: () => store.removeOldMails(db, keptDays) },
      ],
      close: async () => post?.close(),
    }
  },
})

type AboutOrder = T.TObject<{ orderId: T.TString }>

/** A mail for each thing that happens to an order. What the order is now is asked for; the event only says that it happened. */
function orderMails(deps: Deps): Subscription[] {
  const prepare = async (orderId: string): Promise<templates.OrderFacts> => {
    const [details, markets] = await Promise.all([deps.orders.details({ orderId }), deps.pricing.markets({})])
    if (!details.ok) throw new Error(`notifications: ${details.refusal.detail}`)
    const { order, url, payment } = details.value
    const market = markets.ok ? markets.value.items.find(({ code }) => code === order.market) : undefined
    return {
      shopName: deps.shopName,
      order: order as templates.OrderFacts['order'],
      url,
      payment,
      locale: market?.locale ?? 'en',
    }
  }
  const newMail = (key: string, template: TemplateName, to: string, letter: templates.Letter) => {
    return { id: newId('mail'), key: `${template} ${key}`, template, recipient: to, keep: deps.keep, ...letter }
  }
  /** A mail for each event, if there is one to write; those of a batch are added together. */
  const mailed = <D extends AboutOrder>(
    event: EventDeclaration<D>,
    write: (data: DeepReadonly<T.Static<D>>, facts: templates.OrderFacts) => Omit<store.NewMail, 'traceparent'> | null,
  ): Subscription =>
    onAllPrepared(
      event,
      (heard) => Promise.all(heard.map(({ data }) => prepare(data.orderId))),
      (tx, heard) =>
        store.addMails(
          tx,
          heard.flatMap(({ event: { data, traceparent }, prepared }) => {
            const mail = write(data, prepared)
            return mail ? [{ ...mail, traceparent }] : []
          }),
        ),
    )
  return [
    mailed(orderPlaced, ({ orderId }, facts) =>
      newMail(orderId, 'order-confirmation', facts.order.email, templates.orderConfirmation(facts)),
    ),
    mailed(paymentRequested, ({ orderId }, facts) => {
      const letter = templates.paymentInstructions(facts)
      // It was paid or given up before this came.
      return letter && newMail(orderId, 'payment-instructions', facts.order.email, letter)
    }),
    mailed(orderCanceled, ({ orderId }, facts) =>
      newMail(orderId, 'order-canceled', facts.order.email, templates.orderCanceled(facts)),
    ),
    mailed(orderFulfilled, ({ fulfillmentId }, facts) =>
      newMail(
        fulfillmentId,
        'shipping-confirmation',
        facts.order.email,
        templates.shippingConfirmation(facts, fulfillmentId),
      ),
    ),
    mailed(orderRefunded, (data, facts) =>
      newMail(data.refundId, 'refund-confirmation', facts.order.email, templates.refundConfirmation(facts, data)),
    ),
  ]
}

async function send(
  { db, shopName, keep }: Deps,
  input: Input<Operations['send']>,
): Promise<Outcome<Operations['send']>> {
  const write = templates.accountLetters[input.template]
  if (!write) throw validationFailed([{ field: 'template', message: 'is sent by an event, not by request' }])
  const letter = write(shopName, input.values)
  const { mailKey: key, template, to: recipient } = input
  const traceparent = traceparentOf(placeNow())
  await store.addMail(db, { id: newId('mail'), key, template, recipient, keep, ...letter, traceparent })
  return ok({})
}

async function mails(
  { db }: Deps,
  { to, cursor, limit = 50 }: Input<Operations['mails']>,
): Promise<Outcome<Operations['mails']>> {
  const before = cursor === undefined ? null : fromCursor(cursor, 2)
  if (cursor !== undefined && before === null)
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  const rows = await store.listMails(db, {
    to: to ?? null,
    before: before as [string, string] | null,
    limit: limit + 1,
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return ok({
    items: page.map(mailOf),
    nextCursor: rows.length > limit && last ? toCursor([last.created_at, last.id]) : null,
  })
}

/**
 * A mail as it was sent. The link of an account's mail is shown to those alone who may give accounts to staff anyway: with it, whoever
 * reads mails could ask for a new password of an owner, and sign in as one.
 */
async function mail(
  { db }: Deps,
  { mailId }: Input<Operations['mail']>,
  { actor }: Call,
): Promise<Outcome<Operations['mail']>> {
  const row = await store.findMail(db, mailId)
  if (!row) return refuse('notifications/unknown-mail', 'There is no such mail, or it is older than is kept.')
  const isWhole = templates.accountLetters[row.template] === undefined || hasPermission(actor, 'staff:write')
  const shown = (text: string) => (isWhole ? text : text.replace(/\btoken=[\w%.~-]+/g, 'token=…'))
  return ok({ ...mailOf(row), html: shown(row.html), text: shown(row.text) })
}

const mailOf = (row: store.MailRow): T.Static<typeof Mail> => ({
  id: row.id,
  template: row.template as TemplateName,
  to: row.recipient,
  subject: row.subject,
  state: row.state,
  attempts: row.attempts,
  error: row.error,
  createdAt: row.created_at,
  sentAt: row.sent_at,
})
