import T from 'typebox'
import { orderCanceled, orderFulfilled, orderPlaced, orderRefunded, paymentRequested } from '#events/orders'
import { command, contract, internal, query, staff } from '#kernel/contract'
import { Cursor, Email, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { personal } from '#kernel/personal'

/** The part of `stoa.config.ts` that notifications reads. The SMTP server itself is configured by `SMTP_URL`. */
export const NotificationSettings = T.Object({
  /** Who mails come from: Stoa <hello@example.com>. */
  from: T.String({ minLength: 3, maxLength: 320 }),
  /** Where answers go; null for the same. */
  replyTo: Nullable(T.String({ minLength: 3, maxLength: 320 })),
})
export type NotificationSettings = T.Static<typeof NotificationSettings>

export const Template = T.Union([
  T.Literal('order-confirmation'),
  T.Literal('payment-instructions'),
  T.Literal('order-canceled'),
  T.Literal('shipping-confirmation'),
  T.Literal('refund-confirmation'),
  T.Literal('verify-email'),
  T.Literal('account-exists'),
  T.Literal('reset-password'),
])

const content = {
  kind: 'message',
  purpose: 'to send the mail and to show what was sent',
  basis: 'contract',
  retention: 'P90D',
} as const

export const Mail = T.Object(
  {
    id: T.String(),
    template: Template,
    to: Email,
    subject: T.String(),
    state: T.Union([T.Literal('pending'), T.Literal('sent'), T.Literal('kept'), T.Literal('failed')]),
    attempts: T.Integer(),
    error: Nullable(T.String()),
    createdAt: Timestamp,
    sentAt: Nullable(Timestamp),
  },
  { title: 'Mail' },
)

export const notifications = contract(
  { name: 'notifications', fallback: 'Mails wait as events and are sent when it answers.' },
  {
    send: command(null, {
      summary: 'Send a mail that no event stands for, such as a link for a new password; the key is its identity',
      access: internal,
      idempotency: 'natural',
      input: T.Object({
        /** The same mail is never sent twice under one key. */
        mailKey: T.String({ minLength: 1, maxLength: 200 }),
        template: Template,
        to: Email,
        locale: Nullable(T.String()),
        /** The words and links that the template asks for. */
        values: personal(content, T.Record(T.String(), T.String())),
      }),
      output: Nothing,
    }),
    mails: query('GET /admin/mails', {
      summary: 'Mails that were sent, wait, or (without an SMTP server) are kept to be read here; newest first',
      access: staff('mail:read'),
      input: T.Object({ to: T.Optional(Email), cursor: Cursor, limit: Limit(50) }),
      output: Page(Mail),
    }),
    mail: query('GET /admin/mails/{mailId}', {
      summary: 'A mail as it was sent; the link that opens an account is shown to staff:write alone',
      access: staff('mail:read'),
      input: T.Object({ mailId: T.String() }),
      output: T.Object({
        ...Mail.properties,
        html: personal(content, T.String()),
        text: personal(content, T.String()),
      }),
      refusals: { 'notifications/unknown-mail': 404 },
    }),
  },
  { subscribes: [orderPlaced, paymentRequested, orderCanceled, orderFulfilled, orderRefunded] },
)
