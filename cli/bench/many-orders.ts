import type pg from 'pg'

// Orders as they are after a year or two, with lines, stock, payments, bookings, mails, events and the provider's own charges,
// written by SQL into the tables of their services as the shop itself would have written them: a million in minutes.

/** Of ten orders seven are sent, one waits to be sent, one was declined, and of one a part of the money went back. */
const fate = "case n % 10 when 7 then 'placed' when 8 then 'declined' else 'fulfilled' end"
/** Of people some are called as many others are. */
const nameOf = (n: string): string =>
  `(array['ada', 'grace', 'alan', 'barbara', 'edsger'])[1 + ${n} % 5] || ' ' || (array['lovelace', 'hopper', 'turing'])[1 + ${n} % 3] || (${n} % 1000)`
const idOf = (prefix: string): string => `'${prefix}_' || lpad(n::text, 26, '0')`

/** How many orders, and of how many variants. */
export type Many = { readonly orders: number; readonly variants: number }

/** Two mugs at 20.00 and 4.90 of shipping, 7.18 of it tax, as the shop itself would have written it. */
function fillingOf({ orders, variants }: Many): readonly string[] {
  const variantOf = (n: string): string => `'variant_' || lpad(((${n}) % ${variants})::text, 26, '0')`
  const at = (n: string): string => `now() - interval '1 hour' - (${orders} - ${n}) * interval '1 minute'`
  const from = `from generate_series(1, ${orders}) n`
  return [
    `insert into orders.orders (id, number, state, version, lease_until, settled_at, expires_at, cart_id, cart_version, market, currency,
     tax_included, email, shipping_method, discounts, taxes, items, discount, shipping, tax, total, units, units_fulfilled,
     payment_status, payment_version, refunded, created_at, updated_at, placed_at)
   select ${idOf('order')}, 'L-' || n, ${fate}, 3, ${at('n')}, ${at('n')}, ${at('n')}, 'cart_' || n, 1, 'eu', 'EUR', true,
     'shopper' || n || '@example.com', null, '[]', '[{"name": "VAT", "rate": 190000, "amount": {"amount": 717, "currency": "EUR"}}]',
     4000, 0, 490, 717, 4490, 2, case when ${fate} = 'fulfilled' then 2 else 0 end, null, 1,
     case when n % 10 = 9 then 500 else 0 end, ${at('n')}, ${at('n')}, case when ${fate} <> 'declined' then ${at('n')} end ${from}`,
    `insert into orders.order_lines (order_id, id, position, variant_id, product_id, handle, title, variant_title, quantity, fulfilled,
     unit_price, subtotal, discount, tax, total, requires_shipping, tracked, backorder)
   select ${idOf('order')}, 'line_' || l, l, ${variantOf('n + l')}, 'prod', 'mug', 'Mug', '', 1,
     case when ${fate} = 'fulfilled' then 1 else 0 end, 2000, 2000, 0, 319, 2000, true, true, false ${from}, generate_series(1, 2) l`,
    `insert into orders.order_search (order_id, words)
   select ${idOf('order')}, 'l-' || n || ' shopper' || n || '@example.com ' || ${nameOf('n')} ${from}`,
    `insert into orders.order_history (order_id, at, kind, detail, by)
   select ${idOf('order')}, ${at('n')}, ${fate}, '', 'system' ${from}`,
    `insert into inventory.stock (variant_id, state) select ${variantOf('n')}, case n % 100 when 0 then 'low' when 1 then 'out-of-stock' else 'in-stock' end from generate_series(0, ${variants - 1}) n`,
    `insert into inventory.holds (order_id, state)
   select ${idOf('order')}, case ${fate} when 'placed' then 'allocated' when 'declined' then 'released' else 'fulfilled' end ${from}`,
    `insert into inventory.hold_lines (order_id, variant_id, location_id, quantity, fulfilled)
   select ${idOf('order')}, ${variantOf('n + l')}, (select id from inventory.locations limit 1), 1,
     case when ${fate} = 'fulfilled' then 1 else 0 end ${from}, generate_series(1, 2) l`,
    `insert into inventory.movements (variant_id, location_id, kind, quantity)
   select ${variantOf('n')}, (select id from inventory.locations limit 1), 'counted', 10000000 from generate_series(0, ${variants - 1}) n`,
    `insert into inventory.movements (variant_id, location_id, kind, quantity, order_id, at)
   select ${variantOf('n + l')}, (select id from inventory.locations limit 1), 'shipped', -1, ${idOf('order')}, ${at('n')}
   ${from}, generate_series(1, 2) l where ${fate} = 'fulfilled'`,
    `insert into inventory.levels (variant_id, location_id, on_hand, allocated)
   select m.variant_id, m.location_id, m.on_hand, coalesce(a.allocated, 0)
   from (select variant_id, location_id, sum(quantity) as on_hand from inventory.movements
     where variant_id <= ${variantOf(`${variants - 1}`)} group by 1, 2) m
   left join (
     select l.variant_id, sum(l.quantity) as allocated from inventory.hold_lines l join inventory.holds h using (order_id)
     where h.state = 'allocated' group by 1) a using (variant_id)`,
    `insert into payments.order_payments (order_id, attempts) select ${idOf('order')}, 1 ${from}`,
    `insert into payments.payments (id, order_id, attempt, attempt_key, provider, provider_payment_id, status, currency, amount, authorized,
     captured, capturable, refunded, capture_now, return_url, failure, version, created_at, updated_at)
   select ${idOf('payment')}, ${idOf('order')}, 1, ${idOf('order')} || '-1', 'sandbox', ${idOf('pay')},
     case ${fate} when 'placed' then 'authorized' when 'declined' then 'failed' else 'captured' end, 'EUR', 4490,
     case when ${fate} = 'declined' then 0 else 4490 end, case when ${fate} = 'fulfilled' then 4490 else 0 end,
     case when ${fate} = 'placed' then 4490 else 0 end, case when n % 10 = 9 then 500 else 0 end, false, '',
     case when ${fate} = 'declined' then 'card-declined' end, 2, ${at('n')}, ${at('n')} ${from}`,
    `insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, created_at, updated_at)
   select ${idOf('capture')}, ${idOf('payment')}, ${idOf('order')}, 'capture', 'succeeded', 4490, 'EUR', 'k', 'null', 'system',
     ${at('n')}, ${at('n')} ${from} where ${fate} = 'fulfilled'`,
    `insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, created_at, updated_at)
   select ${idOf('refund')}, ${idOf('payment')}, ${idOf('order')}, 'refund', 'succeeded', 500, 'EUR', 'k', 'null', 'system',
     ${at('n')}, ${at('n')} ${from} where n % 10 = 9`,
    `insert into payments.ledger_accounts values ('provider:sandbox', 'EUR'), ('customers', 'EUR'), ('refunds', 'EUR')`,
    `insert into payments.ledger_transactions (kind, operation_id, occurred_at) select kind, id, created_at from payments.payment_operations`,
    `insert into payments.ledger_entries (transaction_id, account, currency, amount)
   select t.id, e.account, 'EUR', e.amount from payments.ledger_transactions t, lateral (
     values ('provider:sandbox', case t.kind when 'capture' then 4490 else -500 end),
            (case t.kind when 'capture' then 'customers' else 'refunds' end, case t.kind when 'capture' then -4490 else 500 end)
   ) as e (account, amount)`,
    `insert into sandbox_provider.payments (id, order_id, attempt_key, status, currency, amount, authorized, captured, refunded, capture_now,
     page_secret, hosted, created_at, updated_at)
   select provider_payment_id, order_id, attempt_key, case status when 'failed' then 'declined' else status end, currency, amount,
     authorized, captured, refunded, false, '', false, created_at, updated_at from payments.payments`,
    `insert into sandbox_provider.refunds (id, payment_id, key, amount, created_at)
   select 're_' || o.id, p.provider_payment_id, o.id, o.amount, o.created_at
   from payments.payment_operations o join payments.payments p on p.id = o.payment_id where o.kind = 'refund'`,
    `insert into notifications.mails (id, mail_key, template, recipient, subject, html, text, state, attempts, created_at, sent_at)
   select ${idOf('mail')}, 'order-confirmation ' || n, 'order-confirmation', 'shopper' || n || '@example.com', 'Your order L-' || n,
     '<p>Thank you.</p>', 'Thank you.', 'sent', 1, ${at('n')}, ${at('n')} ${from}`,
    // Events are kept for a week; of a shop with this many orders in two years that is a hundredth.
    `insert into orders.outbox (type, version, subject, sequence, data, trace_id)
   select 'order.placed', 1, ${idOf('order')}, 1, '{}', '' from generate_series(1, ${orders} / 100) n`,
    `insert into orders.outbox_deliveries (event_id, subscriber, attempts, delivered_at)
   select id, subscriber, 1, now() from orders.outbox, unnest(array['inventory', 'cart', 'notifications']) as subscriber`,
    ...['inventory', 'cart', 'notifications'].map(
      (service) => `insert into ${service}.inbox (event_id, type, source) select id, type, 'orders' from orders.outbox`,
    ),
  ]
}

/** @param client signed in as the superuser, to the database of a shop that is new */
export async function writeOrders(client: pg.Client, many: Many): Promise<void> {
  // Foreign keys and triggers are not asked.
  await client.query('set session_replication_role = replica')
  for (const statement of fillingOf(many)) await client.query(statement)
  await client.query('set session_replication_role = default')
  await client.query('analyze')
}
