import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { payments } from '#contracts/payments'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import { checkInvariants } from '../cli/verify.ts'
import { buy, eventually, type Goods, sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

// Each test does damage that the tables themselves would refuse, looks, and undoes it: what verify cannot see is not checked.

for (const shape of shapes) {
  describe(`verify names what is wrong, shape "${shape}"`, () => {
    let shop: TestShop
    let owner: pg.Client
    let goods: Goods
    type Wish = { token?: string; coupon?: string; quantity?: number; variantId?: string; giftCard?: string }
    type Told = { readonly id: string; readonly number: string; readonly cartId: string }
    /** Orders: of money that is only held; sent, paid and partly refunded; declined; waiting for the shopper. */
    let held: Told
    let sent: Told
    let declined: Told
    let waiting: Told
    /** Paid with a gift card of 10.00 and the provider's card for the rest. */
    let onCard: Told
    let giftCardId = ''

    const rows = async <R extends pg.QueryResultRow>(
      statement: string,
      values: readonly unknown[] = [],
    ): Promise<R[]> => (await owner.query<R>(statement, [...values])).rows

    before(async () => {
      shop = await startShop(shape, { http: true })
      owner = new pg.Client({ connectionString: shop.databaseUrl })
      await owner.connect()
      goods = await sell(shop, { handle: 'judged-mug', onHand: 100 })
      const staff = { token: shop.staffToken }
      const tenth = { ...promotion, code: 'TENTH', usageLimit: 5, usageLimitPerCustomer: 2 }
      assert.equal((await shop.api('POST', '/api/admin/promotions', tenth, staff)).status, 201)
      held = await order({ coupon: 'TENTH', quantity: 2 })
      sent = await order({})
      const paths = `/api/admin/orders/${sent.id}`
      assert.equal((await shop.api('POST', `${paths}/fulfillments`, {}, staff)).status, 201)
      const refund = { amount: { amount: 500, currency: 'EUR' }, reason: 'A scratch' }
      assert.equal((await shop.api('POST', `${paths}/refunds`, refund, staff)).status, 201)
      declined = await order({ token: 'tok_declined' })
      waiting = await order({ token: 'tok_3ds' })
      const worth = { amount: { amount: 1_000, currency: 'EUR' } }
      const issued = await shop.api('POST', '/api/admin/gift-cards', worth, { ...staff, key: randomUUID() })
      assert.equal(issued.status, 201)
      giftCardId = issued.body.id
      const { variantId } = await sell(shop, { handle: 'judged-plate', onHand: 10 })
      onCard = await order({ variantId, giftCard: issued.body.code })
      await eventually([], async () =>
        rows(`select 1 from orders.outbox_deliveries where delivered_at is null
              union all select 1 from payments.outbox_deliveries where delivered_at is null`),
      )
      await agePayments()
      await takeGuardsDown()
    })
    after(async () => {
      await owner?.end()
      await shop?.stop()
    })

    async function order(wish: Wish): Promise<Told> {
      const options = { quantity: wish.quantity ?? 1, token: wish.token ?? 'tok_ok' }
      const { cart } = await buy(shop, wish.variantId ?? goods.variantId, {
        ...options,
        couponCodes: wish.coupon ? [wish.coupon] : [],
        giftCards: wish.giftCard ? [wish.giftCard] : [],
      })
      const [row] = await rows<Told>(
        'select id, number, cart_id as "cartId" from orders.orders where cart_id = $1 order by created_at desc limit 1',
        [cart.id],
      )
      assert.ok(row)
      return row
    }

    /** What changed within the last minutes is not compared with the provider yet: so it was ten minutes ago. */
    async function agePayments(): Promise<void> {
      const ago = "- interval '10 minutes'"
      await rows(`update payments.payments set created_at = created_at ${ago}, updated_at = updated_at ${ago}`)
      await rows(`update payments.payment_operations set updated_at = updated_at ${ago}`)
      await rows(`update sandbox_provider.payments set created_at = created_at ${ago}`)
    }

    /** CHECKs and unique indexes go; triggers and foreign keys look away in this session. */
    async function takeGuardsDown(): Promise<void> {
      await rows('set session_replication_role = replica')
      await rows(`do $$ declare one record; begin
        for one in
          select c.conrelid::regclass as of, c.conname as name from pg_constraint c
          where c.contype in ('c', 'f') and c.coninhcount = 0 and c.connamespace::regnamespace::text in
            ('orders', 'payments', 'inventory', 'pricing', 'sandbox_provider')
        loop execute format('alter table %s drop constraint %I', one.of, one.name); end loop; end $$`)
      for (const table of ['payments.inbox', 'orders.inbox'])
        await rows(`alter table ${table} drop constraint inbox_pkey`)
      await rows('alter table cart.idempotency_keys drop constraint idempotency_keys_pkey')
      for (const index of ['orders.orders_live_cart', 'payments.payments_live', 'payments.payment_operations_key'])
        await rows(`drop index ${index}`)
    }

    const check = (): Promise<InvariantCheck[]> => checkInvariants(shop.client, shop.databases)
    const found = (checks: readonly InvariantCheck[]): string[] =>
      checks.flatMap(({ invariant, what, violations }) => violations.map((one) => `${invariant} ${what}: ${one}`))

    /** Does the damage, expects exactly what is said of it, and undoes it. `$1` is an order's id. */
    async function damaged(of: Told, damage: string, repair: string, expected: readonly string[]): Promise<void> {
      const values = damage.includes('$1') ? [of.id] : []
      await rows(damage, values)
      try {
        assert.deepEqual(found(await check()), expected)
      } finally {
        await rows(repair, repair.includes('$1') ? [of.id] : [])
      }
    }

    test('nothing, of a shop that is well; and every invariant has looked at something', async () => {
      const checks = await check()
      assert.deepEqual(found(checks), [])
      assert.deepEqual(
        checks.filter(({ notCompared }) => notCompared !== undefined),
        [],
      )
      for (const invariant of ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9'])
        assert.ok(
          checks.some((one) => one.invariant === invariant && one.checked > 0),
          invariant,
        )
    })

    const paymentOf = async (of: Told) =>
      (
        await rows<{ id: string; theirs: string; key: string }>(
          'select id, provider_payment_id as theirs, attempt_key as key from payments.payments where order_id = $1',
          [of.id],
        )
      )[0] ?? { id: '', theirs: '', key: '' }
    const name = (of: Told): string => `${of.number} (${of.id})`
    const comparison = 'I2 payments are what sandbox says: amount, captured, refunded, currency, order and attempt'

    test('I1: units that no line has, an order without history, one that was promised and is not there', async () => {
      await damaged(
        held,
        'update orders.orders set units = units + 1 where id = $1',
        'update orders.orders set units = units - 1 where id = $1',
        [`I1 orders are complete: ${name(held)}: 3 units in lines of 2`],
      )
      await damaged(
        held,
        'create table orders.kept as select * from orders.order_history; delete from orders.order_history',
        'insert into orders.order_history overriding system value select * from orders.kept; drop table orders.kept',
        [held, sent, declined, waiting, onCard].map((one) => `I1 orders are complete: ${name(one)}: has no history`),
      )
      await damaged(
        held,
        `insert into orders.idempotency_keys (scope, key, fingerprint, outcome, lease_until) values ('checkout anonymous cart',
         'lost', '', to_jsonb('{"ok": true, "value": {"order": {"id": "order_lost"}}}'::text), now())`,
        "delete from orders.idempotency_keys where key = 'lost'",
        ['I1 orders that a checkout was answered with exist: key lost was answered with order_lost'],
      )
    })

    test('I1 and I3: a placed order whose stock is not promised', async () => {
      const { variantId, locationId } = goods
      await damaged(
        held,
        'update inventory.hold_lines set quantity = quantity - 1 where order_id = $1',
        'update inventory.hold_lines set quantity = quantity + 1 where order_id = $1',
        [
          `I1 placed orders are promised all the stock they sell: ${name(held)}: sells 2 units and is promised 1`,
          `I3 levels promise what orders hold: ${variantId} at ${locationId}: level says 1 reserved and 2 allocated, orders 1 and 1`,
        ],
      )
    })

    test('I2: orders that hold less than their total, or hold something and came to nothing', async () => {
      await damaged(
        held,
        'update payments.payments set authorized = authorized - 1 where order_id = $1',
        'update payments.payments set authorized = authorized + 1 where order_id = $1',
        [
          `I2 placed orders are paid, and their tenders sum to exactly their total: ${name(held)}: total 4090, by gift cards 0, asked 4090, authorized 4089`,
        ],
      )
      await damaged(
        declined,
        "update payments.payments set status = 'authorized', failure = null, authorized = amount where order_id = $1",
        "update payments.payments set status = 'failed', failure = 'card-declined', authorized = 0 where order_id = $1",
        [
          `I2 orders that came to nothing hold no money: ${name(declined)}: is declined and its payment authorized, 0 of it kept`,
          `${comparison}: ${(await paymentOf(declined)).id} (${(await paymentOf(declined)).theirs}): is authorized here and declined there`,
        ],
      )
    })

    test('I2: an order that waits to be sent, and whose money is held no more for another reason than time', async () => {
      const { id, theirs } = await paymentOf(held)
      await damaged(
        held,
        "update payments.payments set status = 'voided', failure = 'canceled' where order_id = $1",
        "update payments.payments set status = 'authorized', failure = null where order_id = $1",
        [
          `I2 placed orders are paid, and their tenders sum to exactly their total: ${name(held)}: has a payment that is voided`,
          `${comparison}: ${id} (${theirs}): is voided here and authorized there`,
        ],
      )
    })

    test('I2: goods that were sent, all or a part, for money of which too little was taken', async () => {
      const { id, theirs } = await paymentOf(sent)
      const paid = 'I2 placed orders are paid, and their tenders sum to exactly their total'
      await damaged(
        sent,
        'update payments.payments set captured = captured - 1, capturable = capturable + 1 where order_id = $1',
        'update payments.payments set captured = captured + 1, capturable = capturable - 1 where order_id = $1',
        [
          `${paid}: ${name(sent)}: was sent for 2490, of which 2489 was taken`,
          `I2 captures and refunds sum to what the payment says: ${id}: captured 2489 in captures of 2490, refunded 500 in refunds of 500`,
          `${comparison}: ${id} (${theirs}): captured is 2489 here and 2490 there`,
          'I4 each provider’s account is what its payments captured less what they refunded and what it keeps: provider:sandbox is booked with 1990 EUR and holds 1989',
        ],
      )
      // Half of the goods, and all of the shipping.
      const leaving = (units: number): string => `
        with one as (update orders.orders set units_fulfilled = ${units} where id = $1)
        update orders.order_lines set fulfilled = ${units} where order_id = $1`
      await damaged(held, leaving(1), leaving(0), [`${paid}: ${name(held)}: was sent for 2290, of which 0 was taken`])
    })

    test('I2: two live payments, amounts out of bounds, operations that do not sum, money for no order', async () => {
      await damaged(
        held,
        `insert into payments.payments (id, order_id, attempt, attempt_key, provider, status, currency, amount, capture_now, return_url)
         select 'payment_second', order_id, 2, 'second', provider, 'processing', currency, amount, false, '' from payments.payments
         where order_id = $1`,
        "delete from payments.payments where id = 'payment_second'",
        [
          `I2 placed orders are paid, and their tenders sum to exactly their total: ${name(held)}: has a payment that is processing`,
          `I2 at most one payment an order holds or took money: ${held.id} has 2 live payments`,
        ],
      )
      const { id: sentId, theirs } = await paymentOf(sent)
      await damaged(
        sent,
        'update payments.payments set refunded = refunded + 5000 where order_id = $1',
        'update payments.payments set refunded = refunded - 5000 where order_id = $1',
        [
          `I2 refunded ≤ captured ≤ authorized ≤ amount: ${sentId}: amount 2490, authorized 2490, captured 2490, refunded 5500`,
          `I2 captures and refunds sum to what the payment says: ${sentId}: captured 2490 in captures of 2490, refunded 5500 in refunds of 500`,
          `${comparison}: ${sentId} (${theirs}): refunded is 5500 here and 500 there`,
          'I4 each provider’s account is what its payments captured less what they refunded and what it keeps: provider:sandbox is booked with 1990 EUR and holds -3010',
        ],
      )
      await damaged(
        held,
        "insert into payments.order_payments (order_id, attempts) values ('order_ghost', 1)",
        "delete from payments.order_payments where order_id = 'order_ghost'",
        ['I2 money was asked for orders that exist: there is no order order_ghost'],
      )
    })

    test('I2: a charge that only the provider knows, and one that it does not know', async () => {
      const { id, key } = await paymentOf(held)
      await damaged(
        held,
        `insert into sandbox_provider.payments (id, order_id, attempt_key, status, currency, amount, authorized, captured, capture_now,
           page_secret, hosted, created_at, updated_at)
         values ('pay_stranger', 'order_stranger', 'key-stranger', 'captured', 'EUR', 1200, 1200, 1200, true, '', false,
           now() - interval '5 minutes', now())`,
        "delete from sandbox_provider.payments where id = 'pay_stranger'",
        [
          `${comparison}: pay_stranger: charged 1200 EUR for order order_stranger, attempt key-stranger, which is not known here`,
        ],
      )
      await damaged(
        held,
        "update sandbox_provider.payments set attempt_key = attempt_key || '-lost', authorized = 0 where order_id = $1",
        "update sandbox_provider.payments set attempt_key = replace(attempt_key, '-lost', ''), authorized = amount where order_id = $1",
        [`${comparison}: ${id}: sandbox does not know attempt ${key}`],
      )
    })

    for (const [field, there, ours, theirs] of [
      ['captured', 'captured = captured - 1', '2490', '2489'],
      ['amount', 'amount = amount + 1', '2490', '2491'],
      ['refunded', 'refunded = refunded - 1', '500', '499'],
      ['currency', "currency = case currency when 'EUR' then 'USD' else 'EUR' end", 'EUR', 'USD'],
    ] as const) {
      test(`I2: the provider says another ${field}`, async () => {
        const payment = await paymentOf(sent)
        const back = there.includes(' + ') ? there.replace('+', '-') : there.replace(' - ', ' + ')
        await damaged(
          sent,
          `update sandbox_provider.payments set ${there} where order_id = $1`,
          `update sandbox_provider.payments set ${back} where order_id = $1`,
          [`${comparison}: ${payment.id} (${payment.theirs}): ${field} is ${ours} here and ${theirs} there`],
        )
      })
    }

    test('I2: a provider that does not answer, or is not named any more, is not compared with', async () => {
      const behave = (behavior: unknown) =>
        fetch(`${shop.sandbox.url}/test/behavior`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${shop.sandbox.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(behavior),
        })
      assert.ok((await behave({ down: true })).ok)
      const silent = await check()
      assert.ok((await behave({})).ok)
      assert.deepEqual(found(silent), [])
      const reasons = (checks: readonly InvariantCheck[]) => checks.flatMap(({ notCompared }) => notCompared ?? [])
      assert.match(reasons(silent).join(), /^not compared: sandbox does not answer \(/)
      await rows("update payments.payments set provider = 'gone' where order_id = $1", [declined.id])
      const unnamed = await check()
      await rows("update payments.payments set provider = 'sandbox' where order_id = $1", [declined.id])
      assert.deepEqual(reasons(unnamed), ['not compared: gone, which stoa.config.ts does not name'])
    })

    test('I3: more promised than there is, levels and movements that do not agree', async () => {
      const { variantId, locationId } = goods
      const at = `${variantId} at ${locationId}`
      await damaged(
        held,
        `update inventory.levels set on_hand = on_hand - 98 where variant_id = '${variantId}'`,
        `update inventory.levels set on_hand = on_hand + 98 where variant_id = '${variantId}'`,
        [
          `I3 nothing is promised beyond stock, back-orders and counts: ${at}: 1 reserved and 2 allocated of 1 on hand, 0 back-ordered, 0 counted short`,
          `I3 movements sum to levels: ${at}: 1 on hand, movements sum to 99`,
        ],
      )
      await damaged(
        held,
        `update inventory.movements set quantity = quantity + 1 where kind = 'counted' and variant_id = '${variantId}'`,
        `update inventory.movements set quantity = quantity - 1 where kind = 'counted' and variant_id = '${variantId}'`,
        [`I3 movements sum to levels: ${at}: 99 on hand, movements sum to 100`],
      )
    })

    const booked = `from payments.ledger_transactions t join payments.payment_operations o on o.id = t.operation_id
      where o.order_id = $1 and t.kind = 'capture' and ledger_entries.transaction_id = t.id`
    const bookings = async (kind: string) =>
      (
        await rows<{ id: string; transaction: string }>(
          `select o.id, t.id as transaction from payments.ledger_transactions t
         join payments.payment_operations o on o.id = t.operation_id where o.order_id = $1 and t.kind = $2`,
          [sent.id, kind],
        )
      )[0] ?? { id: '', transaction: '' }

    test('I4: an entry that is off, a booking of another amount', async () => {
      const { id, transaction } = await bookings('capture')
      await damaged(
        sent,
        `update payments.ledger_entries ledger_entries set amount = ledger_entries.amount - 5 ${booked} and account = 'provider:sandbox'`,
        `update payments.ledger_entries ledger_entries set amount = ledger_entries.amount + 5 ${booked} and account = 'provider:sandbox'`,
        [
          `I4 each ledger transaction balances to zero in each currency: ${transaction} is off by -5 EUR`,
          'I4 the ledger balances to zero in each currency: all accounts sum to -5 EUR',
          `I4 each capture and refund is booked once, with its amount: ${id}: capture of 2490 succeeded, booked 1 times, 2485 in all`,
          'I4 each provider’s account is what its payments captured less what they refunded and what it keeps: provider:sandbox is booked with 1985 EUR and holds 1990',
        ],
      )
      await damaged(
        sent,
        `update payments.ledger_entries ledger_entries set amount = ledger_entries.amount * 2 ${booked}`,
        `update payments.ledger_entries ledger_entries set amount = ledger_entries.amount / 2 ${booked}`,
        [
          `I4 each capture and refund is booked once, with its amount: ${id}: capture of 2490 succeeded, booked 1 times, 4980 in all`,
          'I4 each provider’s account is what its payments captured less what they refunded and what it keeps: provider:sandbox is booked with 4480 EUR and holds 1990',
        ],
      )
    })

    test('I5: stock of an order that came to nothing, of one that is not paid in time, of none at all', async () => {
      await damaged(
        declined,
        "update inventory.holds set state = 'fulfilled' where order_id = $1",
        "update inventory.holds set state = 'released' where order_id = $1",
        [`I5 orders that are not paid in time hold no stock: ${name(declined)}: is declined and 1 units are fulfilled`],
      )
      await rows(
        "update orders.orders set expires_at = now() - interval '10 minutes', look_at = now() + interval '1 hour' where id = $1",
        [waiting.id],
      )
      const overdue = await check()
      await rows("update orders.orders set expires_at = now() + interval '1 hour' where id = $1", [waiting.id])
      assert.match(
        found(overdue).join('\n'),
        /^I5 .*: is awaiting_payment and 1 units are held, 60\d s beyond its time limit$/,
      )
      const figures = overdue.flatMap((one) => Object.entries(one.figures ?? {}))
      const longest = new Map(figures).get('longest time stock was held beyond the time limit, in seconds') ?? 0
      assert.ok(longest >= 600 && longest < 660, String(longest))
      await damaged(
        held,
        "insert into inventory.holds (order_id, state) values ('order_ghost', 'held')",
        "delete from inventory.holds where order_id = 'order_ghost'",
        ['I5 stock is held for orders that exist: there is no order order_ghost'],
      )
    })

    test('I6: an effect that is missing, done twice, given up, late, or never addressed', async () => {
      const [event] = await rows<{ id: string }>(
        "select id from payments.outbox where type = 'payment.authorized' and data->>'orderId' = $1",
        [sent.id],
      )
      const id = event?.id ?? ''
      const copy = `create table orders.kept as select * from orders.inbox where event_id = '${id}'`
      await damaged(
        sent,
        `${copy}; delete from orders.inbox where event_id = '${id}'`,
        'insert into orders.inbox select * from orders.kept; drop table orders.kept',
        [`I6 every delivered event took effect in its subscriber: payments event ${id} had no effect in orders`],
      )
      await damaged(
        sent,
        `insert into orders.inbox select * from orders.inbox where event_id = '${id}'`,
        `delete from orders.inbox a using orders.inbox b where a.ctid > b.ctid and a.event_id = b.event_id`,
        [`I6 no event took effect twice: orders handled event ${id} 2 times`],
      )
      await damaged(
        sent,
        `insert into payments.dead_letters values ('${id}', 'orders', 20, 'cannot swallow this')`,
        'delete from payments.dead_letters',
        [`I6 no event was given up: payments event ${id} for orders: cannot swallow this`],
      )
      const of = `where event_id = '${id}'`
      const owed = "delivered_at = null, next_attempt_at = now() + interval '1 hour'"
      await rows(`update payments.outbox set occurred_at = occurred_at - interval '1 hour' where id = '${id}'`)
      await rows(`update payments.outbox_deliveries set ${owed} ${of}`)
      const late = found(await check())
      await rows(`update payments.outbox_deliveries set delivered_at = now() ${of}`)
      await rows(`update payments.outbox set occurred_at = occurred_at + interval '1 hour' where id = '${id}'`)
      assert.equal(late.length, 1, late.join('\n'))
      assert.match(
        late[0] ?? '',
        new RegExp(`^I6 no event waits longer than 15 minutes: payments event ${id} for orders since `),
      )
      await damaged(
        sent,
        `create table payments.kept as select * from payments.outbox_deliveries ${of}; delete from payments.outbox_deliveries ${of}`,
        'insert into payments.outbox_deliveries select * from payments.kept; drop table payments.kept',
        [
          `I6 every event is addressed to every subscriber of its type: payments event ${id} (payment.authorized) is not addressed to orders`,
        ],
      )
    })

    test('I7: promotions used beyond what was redeemed, and beyond their limits', async () => {
      const [one] = await rows<{ id: string }>('select id from pricing.promotions')
      await damaged(
        held,
        'update pricing.promotions set times_used = 6',
        'update pricing.promotions set times_used = 1',
        [
          `I7 no promotion is used beyond its limit, and each use is an order’s: ${one?.id}: used 6 times, 1 redemptions, limit 5`,
        ],
      )
      await damaged(
        held,
        'update pricing.customer_uses set times_used = 3',
        'update pricing.customer_uses set times_used = 1',
        [
          `I7 no customer used a promotion beyond the limit a customer: ${one?.id}: one customer used it 3 times, 1 redemptions, limit 2`,
        ],
      )
    })

    test('I2, I4 and I7: tenders that do not sum, gift cards that hold something else than their movements', async () => {
      const uses = 'I2 what gift cards paid of orders and got back is what moved from and to them'
      const paid = `I2 placed orders are paid, and their tenders sum to exactly their total: ${name(onCard)}`
      await damaged(
        onCard,
        'update payments.gift_card_uses set amount = amount - 5 where order_id = $1',
        'update payments.gift_card_uses set amount = amount + 5 where order_id = $1',
        [
          `${paid}: has 1000 to be paid by gift cards, which paid 995`,
          `${uses}: ${giftCardId} of order ${onCard.id}: paid 995 and moved 1000, got back 0 and moved 0`,
        ],
      )
      await damaged(
        onCard,
        'update payments.gift_card_uses set refunded = refunded + 1 where order_id = $1',
        'update payments.gift_card_uses set refunded = refunded - 1 where order_id = $1',
        [`${uses}: ${giftCardId} of order ${onCard.id}: paid 1000 and moved 1000, got back 1 and moved 0`],
      )
      await damaged(
        onCard,
        'update payments.gift_cards set balance = balance - 5',
        'update payments.gift_cards set balance = balance + 5',
        [
          'I4 the gift cards’ account is what is left on all of them: gift-cards is booked with 0 EUR and the cards hold -5',
          `I7 no gift card is below zero, and each holds the sum of its movements: ${giftCardId} holds -5, and its movements sum to 0`,
        ],
      )
      await damaged(
        onCard,
        `update orders.orders set gift_cards = jsonb_set(gift_cards, '{0,amount}', '999') where id = $1`,
        `update orders.orders set gift_cards = jsonb_set(gift_cards, '{0,amount}', '1000') where id = $1`,
        [`I8 totals are the sums of their parts: ${name(onCard)}: gift cards: 1000, and its parts sum to 999`],
      )
    })

    test('I8: a tax of which nobody knows where it comes from, a line and a discount that do not sum', async () => {
      const totals = `I8 totals are the sums of their parts: ${name(held)}`
      await damaged(
        held,
        'update orders.orders set tax = tax + 1 where id = $1',
        'update orders.orders set tax = tax - 1 where id = $1',
        [`${totals}: taxes: 654, and its parts sum to 653`],
      )
      await damaged(
        held,
        'update orders.order_lines set total = total + 1 where order_id = $1',
        'update orders.order_lines set total = total - 1 where order_id = $1',
        [`${totals}: lines: 3601, and its parts sum to 3600`],
      )
      await damaged(
        held,
        'update orders.orders set shipping = shipping + 1 where id = $1',
        'update orders.orders set shipping = shipping - 1 where id = $1',
        [`${totals}: total: 4090, and its parts sum to 4091`],
      )
    })

    test('I9: two live orders of one cart, two results of one key', async () => {
      await damaged(
        sent,
        `update orders.orders set cart_id = '${held.cartId}' where id = $1`,
        `update orders.orders set cart_id = '${sent.cartId}' where id = $1`,
        [`I9 a cart has at most one live order: ${held.number}, ${sent.number} are live orders of one cart`],
      )
      await rows('create table orders.kept as select id, key, key_scope from orders.orders where id = $1', [sent.id])
      await damaged(
        sent,
        `update orders.orders o set key = p.key, key_scope = p.key_scope from orders.orders p where p.id = '${held.id}' and o.id = $1`,
        'update orders.orders o set key = k.key, key_scope = k.key_scope from orders.kept k where k.id = o.id; drop table orders.kept',
        [`I9 a key has one order: ${held.number}, ${sent.number} were made under one key`],
      )
      const [kept] = await rows<{ key: string }>('select key from cart.idempotency_keys order by key limit 1')
      await damaged(
        held,
        `insert into cart.idempotency_keys select * from cart.idempotency_keys where key = '${kept?.key}'`,
        'delete from cart.idempotency_keys a using cart.idempotency_keys b where a.ctid > b.ctid and a.key = b.key',
        [`I9 a key has one result: cart: key ${kept?.key} of "create" has 2 results`],
      )
      await damaged(
        sent,
        `insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, error)
         select 'refund_second', payment_id, order_id, kind, 'failed', amount, currency, key, asked, by, 'refused'
         from payments.payment_operations where order_id = $1 and kind = 'refund'`,
        "delete from payments.payment_operations where id = 'refund_second'",
        [
          `I9 a key moves money once: ${sent.id}: 2 operations refund of one key: ${(await bookings('refund')).id}, refund_second`,
        ],
      )
    })

    test('all that is wrong is counted, and a hundred of it named', async () => {
      await rows(`insert into payments.order_payments (order_id, attempts)
                  select 'order_ghost_' || n, 1 from generate_series(1, 2345) n`)
      const checks = await check()
      await rows("delete from payments.order_payments where order_id like 'order_ghost%'")
      const [one, ...others] = checks.filter(({ violated }) => violated > 0)
      assert.deepEqual(others, [])
      assert.deepEqual([one?.violated, one?.violations.length], [2_345, violationsNamedAtMost])
    })

    // A shop in this very process holds its folder's lock: a command has nothing to attach to.
    if (shape === 'many') {
      test('the command finds the services of many processes where the environment says they are', async () => {
        const stoa = join(import.meta.dirname, '..', 'cli', 'stoa.ts')
        const command = promisify(execFile)
        const options = { env: { ...process.env, ...shop.environment } }
        const { stdout } = await command(process.execPath, [stoa, 'verify', '--json'], options)
        const { holds, checks } = JSON.parse(stdout) as { holds: boolean; checks: InvariantCheck[] }
        assert.equal(holds, true)
        assert.ok(checks.length > 25)
      })
    }

    test('and it is well again', async () => {
      assert.deepEqual(found(await check()), [])
      assert.ok((await shop.client(payments).verify({})).ok)
    })
  })
}

const promotion = {
  label: 'A tenth off',
  kind: 'percentage',
  rate: 100_000,
  amounts: {},
  minimums: {},
  categories: [],
  startsAt: null,
  endsAt: null,
  active: true,
}
