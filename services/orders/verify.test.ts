import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { giftCardsOf } from './test-gift-cards.ts'
import { buy, startShop, type TestShop } from './test-shop.ts'

/** Each of these is damage that the tables themselves would refuse, so their guards are taken down first. */
describe('verify names what is wrong', () => {
  let shop: TestShop
  let placed = { id: '', cartId: '' }
  let declined = ''
  let other = ''
  let paid = { id: '', card: '' }
  before(async () => {
    shop = await startShop({ capture: 'at-once' })
    const variantId = await shop.sell({ onHand: 10 })
    const cartId = await shop.fill([{ variantId, quantity: 2 }])
    const outcome = await buy(shop, cartId)
    assert.ok(outcome.ok)
    placed = { id: outcome.value.order.id, cartId }
    await buy(shop, await shop.fill([{ variantId }]), { token: 'tok_declined' })
    const [row] = await shop.rows<{ id: string }>("select id from orders.orders where state = 'declined'")
    declined = row?.id ?? ''
    const second = await buy(shop, await shop.fill([{ variantId }]))
    other = second.ok ? second.value.order.id : ''
    const card = await giftCardsOf(shop).issue(1_000)
    const third = await buy(shop, await shop.fill([{ variantId }], { giftCards: [card.code] }))
    paid = { id: third.ok ? third.value.order.id : '', card: card.id }
    await shop.settle()
    await shop.rows('alter table payments.gift_card_movements disable trigger all')
    await shop.rows('alter table payments.gift_cards drop constraint gift_cards_balance_check')
    await shop.rows('alter table payments.gift_card_uses drop constraint gift_card_uses_check')
    await shop.rows('alter table orders.order_lines drop constraint order_lines_check')
    await shop.rows('drop index orders.orders_live_cart')
    await shop.rows('alter table payments.ledger_entries disable trigger all')
    await shop.rows(`do $$ declare name text; begin
      for name in select conname from pg_constraint where conrelid = 'payments.payments'::regclass and contype = 'c'
      loop execute format('alter table payments.payments drop constraint %I', name); end loop; end $$`)
  })
  after(() => shop?.stop())

  const found = async (): Promise<string[]> => {
    const [orders, payments] = await Promise.all([shop.orders.verify({}), shop.payments.verify({})])
    assert.ok(orders.ok && payments.ok)
    return [...orders.value.checks, ...payments.value.checks].flatMap(({ invariant, what, violations }) =>
      violations.map((one) => `${invariant} ${what}: ${one}`),
    )
  }

  /** Does the damage, looks, and undoes it. */
  const damaged = async (damage: string, repair: string, values: readonly unknown[]): Promise<string[]> => {
    await shop.rows(damage, values)
    const violations = await found()
    await shop.rows(repair, values)
    assert.deepEqual(await found(), [])
    return violations
  }
  const only = (violations: readonly string[], pattern: RegExp): void => {
    assert.equal(violations.length, 1, violations.join('\n'))
    assert.match(violations[0] ?? '', pattern)
  }

  test('nothing, at first', async () => {
    assert.deepEqual(await found(), [])
  })

  test('I1: units that no line has, and an order that was promised and is not there', async () => {
    only(
      await damaged(
        'update orders.orders set units = units + 1 where id = $1',
        'update orders.orders set units = units - 1 where id = $1',
        [placed.id],
      ),
      /^I1 orders are complete: S-\d+ .*3 units in lines of 2$/,
    )
    await shop.rows(
      `insert into orders.idempotency_keys (scope, key, fingerprint, outcome, lease_until)
       values ('checkout anonymous cart', 'lost', '', '{"ok": true, "value": {"order": {"id": "order_lost"}}}', now())`,
    )
    only(await found(), /^I1 .*key lost was answered with order_lost$/)
    await shop.rows("delete from orders.idempotency_keys where key = 'lost'")
  })

  test('I1: a placed order whose stock is not promised', async () => {
    only(
      await damaged(
        'update inventory.hold_lines set quantity = quantity - 1 where order_id = $1',
        'update inventory.hold_lines set quantity = quantity + 1 where order_id = $1',
        [placed.id],
      ),
      /sells 2 units and is promised 1$/,
    )
  })

  test('I2: a placed order that holds less than its total, and a declined one that holds something', async () => {
    const violations = await damaged(
      'update payments.payments set authorized = authorized - 1 where order_id = $1',
      'update payments.payments set authorized = authorized + 1 where order_id = $1',
      [placed.id],
    )
    assert.match(
      violations.join('\n'),
      /I2 placed orders are paid.*total 4490, by gift cards 0, asked 4490, authorized 4489/,
    )
    assert.match(violations.join('\n'), /I2 refunded ≤ captured ≤ authorized ≤ amount: /)
    only(
      await damaged(
        "update payments.payments set status = 'authorized', failure = null, authorized = amount where order_id = $1",
        "update payments.payments set status = 'failed', failure = 'card-declined', authorized = 0 where order_id = $1",
        [declined],
      ),
      /^I2 orders that came to nothing hold no money: .*is declined and its payment authorized/,
    )
  })

  test('I2 and I4: books that do not say what was captured', async () => {
    const violations = await damaged(
      "update payments.payment_operations set amount = amount - 5 where order_id = $1 and kind = 'capture'",
      "update payments.payment_operations set amount = amount + 5 where order_id = $1 and kind = 'capture'",
      [placed.id],
    )
    only(violations, /^I2 captures and refunds sum to what the payment says: /)
    const entry = `account = 'provider:sandbox' and transaction_id = (
      select t.id from payments.ledger_transactions t join payments.payment_operations o on o.id = t.operation_id
      where o.order_id = $1)`
    const unbalanced = await damaged(
      `update payments.ledger_entries set amount = amount - 5 where ${entry}`,
      `update payments.ledger_entries set amount = amount + 5 where ${entry}`,
      [placed.id],
    )
    assert.equal(unbalanced.length, 2)
    assert.match(
      unbalanced.join('\n'),
      /I4 each ledger transaction balances to zero in each currency: .* is off by -5 EUR/,
    )
    assert.match(unbalanced.join('\n'), /I4 each provider’s account .*booked with 8465 EUR and holds 8470/)
  })

  test('I2: an order whose tenders do not sum to its total, and a declined one whose gift card was not given back', async () => {
    const violations = await damaged(
      'update payments.gift_card_uses set amount = amount - 5 where order_id = $1',
      'update payments.gift_card_uses set amount = amount + 5 where order_id = $1',
      [paid.id],
    )
    assert.equal(violations.length, 2)
    assert.match(violations.join('\n'), /I2 placed orders are paid.*has 1000 to be paid by gift cards, which paid 995/)
    assert.match(
      violations.join('\n'),
      /I2 what gift cards paid of orders.*: paid 995 and moved 1000, got back 0 and moved 0/,
    )
    const asked = await damaged(
      'update payments.payments set amount = amount - 1, authorized = authorized - 1 where order_id = $1',
      'update payments.payments set amount = amount + 1, authorized = authorized + 1 where order_id = $1',
      [paid.id],
    )
    assert.match(
      asked.join('\n'),
      /I2 placed orders are paid.*total 2490, by gift cards 1000, asked 1489, authorized 1489/,
    )
    only(
      await damaged(
        `with moved as (update payments.gift_card_movements set order_id = $2 where order_id = $1)
         update payments.gift_card_uses set order_id = $2 where order_id = $1`,
        `with moved as (update payments.gift_card_movements set order_id = $1 where order_id = $2)
         update payments.gift_card_uses set order_id = $1 where order_id = $2`,
        [paid.id, declined],
      ).then((found) => found.filter((one) => !one.includes('has 1000 to be paid'))),
      /^I2 orders that came to nothing hold no money: .*is declined and its payment failed, 1000 of it kept$/,
    )
    only(
      await damaged(
        'update payments.gift_card_uses set refunded = refunded + 1 where order_id = $1',
        'update payments.gift_card_uses set refunded = refunded - 1 where order_id = $1',
        [paid.id],
      ),
      /^I2 what gift cards paid of orders.*got back 1 and moved 0$/,
    )
  })

  test('I4 and I7: gift cards that hold something else than their movements, and less than nothing', async () => {
    const violations = await damaged(
      'update payments.gift_cards set balance = balance - 5 where id = $1',
      'update payments.gift_cards set balance = balance + 5 where id = $1',
      [paid.card],
    )
    assert.equal(violations.length, 2)
    assert.match(violations.join('\n'), /I4 the gift cards’ account .*booked with 0 EUR and the cards hold -5$/m)
    assert.match(violations.join('\n'), /I7 no gift card is below zero.*holds -5, and its movements sum to 0$/m)
    only(
      await damaged(
        "update payments.gift_card_movements set amount = amount + 7 where gift_card_id = $1 and kind = 'issue'",
        "update payments.gift_card_movements set amount = amount - 7 where gift_card_id = $1 and kind = 'issue'",
        [paid.card],
      ),
      /^I7 .*holds 0, and its movements sum to 7$/,
    )
  })

  test('I8: gift cards that do not sum', async () => {
    only(
      await damaged(
        `update orders.orders set gift_cards = jsonb_set(gift_cards, '{0,amount}', '999') where id = $1`,
        `update orders.orders set gift_cards = jsonb_set(gift_cards, '{0,amount}', '1000') where id = $1`,
        [paid.id],
      ),
      /^I8 .*gift cards: 1000, and its parts sum to 999$/,
    )
  })

  test('I5: an order that came to nothing and holds stock', async () => {
    only(
      await damaged(
        "update inventory.holds set state = 'held' where order_id = $1",
        "update inventory.holds set state = 'released' where order_id = $1",
        [declined],
      ),
      /^I5 .*is declined and \d+ units are held$/,
    )
  })

  test('I8: a tax of which nobody knows where it comes from, and a line that does not sum', async () => {
    only(
      await damaged(
        'update orders.orders set tax = tax + 1 where id = $1',
        'update orders.orders set tax = tax - 1 where id = $1',
        [placed.id],
      ),
      /^I8 .*taxes: 718, and its parts sum to 717$/,
    )
    only(
      await damaged(
        'update orders.order_lines set total = total + 1 where order_id = $1',
        'update orders.order_lines set total = total - 1 where order_id = $1',
        [placed.id],
      ),
      /^I8 .*lines: 4001, and its parts sum to 4000$/,
    )
  })

  test('I9: two live orders of one cart, two orders of one key', async () => {
    only(
      await damaged(
        'update orders.orders set cart_id = (select cart_id from orders.orders where id = $2) where id = $1',
        "update orders.orders set cart_id = 'cart_own' where id = $1 and $2 <> ''",
        [other, placed.id],
      ),
      /^I9 a cart has at most one live order: S-\d+, S-\d+ are live orders of one cart$/,
    )
    only(
      await damaged(
        'update orders.orders o set key = p.key, key_scope = p.key_scope from orders.orders p where o.id = $1 and p.id = $2',
        "update orders.orders set key = 'own' where id = $1 and $2 <> ''",
        [other, placed.id],
      ),
      /^I9 a key has one order: S-\d+, S-\d+ were made under one key$/,
    )
  })
})
