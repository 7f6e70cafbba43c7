import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { startTestStripe, type TestStripe, webhookSecret } from '../providers/payments/stripe/test-stripe.ts'
import { berlin, eventually, type Goods, levels, sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

const manual = {
  title: 'Bank transfer',
  instructions: 'To Stoa, IBAN DE02 1203 0000 0000 2020 51',
  days: 10,
}

/** Both ways to pay beside the sandbox, from the cart to the books, through a shop's public door. */
for (const shape of shapes) {
  describe(`${shape}: paying by Stripe and by transfer`, () => {
    let stripe: TestStripe
    let shop: TestShop
    let mug: Goods
    let owner: pg.Pool
    before(async () => {
      stripe = await startTestStripe()
      shop = await startShop(shape, {
        payments: { providers: ['stripe', 'manual'], capture: 'on-fulfillment', manual },
        environment: {
          STRIPE_SECRET_KEY: 'sk_test_of_the_shop',
          STRIPE_PUBLISHABLE_KEY: 'pk_test_of_the_shop',
          STRIPE_WEBHOOK_SECRET: webhookSecret,
          STRIPE_API_URL: stripe.url,
        },
      })
      owner = new pg.Pool({ connectionString: shop.databaseUrl, max: 2 })
      owner.on('error', () => undefined)
      mug = await sell(shop, { handle: 'mug', onHand: 100, prices: { eu: 1_990 } })
    })
    after(async () => {
      await owner?.end()
      await shop?.stop()
      await stripe?.stop()
    })

    const order = async (provider: string, token?: string) => {
      const cart = await shop.api('POST', '/api/carts', {
        lines: [{ variantId: mug.variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
      })
      const path = `/api/carts/${cart.body.id}/checkout`
      const payment = { provider, ...(token ? { token } : {}) }
      const { status, body } = await shop.api('POST', path, { payment }, { key: randomUUID() })
      return { status, body }
    }
    const look = async ({ id, token }: { id: string; token: string }) =>
      (await shop.api('GET', `/api/orders/${id}?token=${token}`)).body
    const staff = (path: string, body: unknown = {}) =>
      shop.api('POST', `/api/admin/orders/${path}`, body, { token: shop.staffToken, key: randomUUID() })
    const admin = async (id: string) =>
      (await shop.api('GET', `/api/admin/orders/${id}`, undefined, { token: shop.staffToken })).body
    const ledger = async (orderId: string): Promise<Record<string, number>> => {
      const { rows } = await owner.query<{ account: string; sum: number }>(
        `select e.account, sum(e.amount)::int as sum from payments.ledger_entries e
         join payments.ledger_transactions t on t.id = e.transaction_id
         join payments.payment_operations o on o.id = t.operation_id where o.order_id = $1 group by 1 order by 1`,
        [orderId],
      )
      return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]))
    }
    const mails = async (): Promise<string[]> => {
      const answer = await shop.api('GET', '/api/admin/mails', undefined, { token: shop.staffToken })
      return (answer.body.items as { subject: string }[]).map(({ subject }) => subject)
    }

    test('the checkout is told what its page needs, and no secret', async () => {
      const { body } = await shop.api('GET', '/api/payments/providers')
      assert.deepEqual(
        body.items.map(({ name, title }: { name: string; title: string }) => ({ name, title })),
        [
          { name: 'stripe', title: 'Card' },
          { name: 'manual', title: 'Bank transfer' },
        ],
      )
      assert.equal(body.items[0].script.publicKey, 'pk_test_of_the_shop')
      assert.equal(body.items[0].script.url, 'https://js.stripe.com/endive/stripe.js')
      assert.equal(body.items[1].script, null)
      assert.doesNotMatch(JSON.stringify(body), /sk_test|whsec/)
    })

    test('Stripe: authorized with the order, captured when goods leave, refunded in part', async () => {
      const { status, body } = await order('stripe', 'ctoken_ok')
      assert.equal(status, 201, JSON.stringify(body))
      assert.deepEqual([body.order.status, body.payment], ['placed', { status: 'authorized' }])
      const sent = await staff(`${body.order.id}/fulfillments`)
      assert.equal(sent.status, 201, JSON.stringify(sent.body))
      const refunded = await staff(`${body.order.id}/refunds`, {
        amount: { amount: 1_000, currency: 'EUR' },
        reason: 'a scratch',
      })
      assert.equal(refunded.body.refunded.amount, 1_000)
      assert.deepEqual(await ledger(body.order.id), {
        customers: -2_480,
        fees: 62,
        'provider:stripe': 1_418,
        refunds: 1_000,
      })
    })

    test('Stripe: a challenge that is passed places the order by its event; a declined card leaves nothing', async () => {
      const { body } = await order('stripe', 'ctoken_3ds')
      assert.equal(body.order.status, 'awaiting_payment')
      assert.equal(body.payment.status, 'requires_action')
      assert.equal(body.payment.provider, 'stripe')
      stripe.answerChallenge(body.payment.clientSecret, true)
      const { text, headers } = stripe.signed(stripe.account.events.at(-1) ?? {})
      const told = await fetch(`${shop.url}/api/payments/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': String(headers['stripe-signature']) },
        body: text,
      })
      assert.equal(told.status, 200)
      await eventually('placed', async () => (await look(body.order)).status)

      const before = await levels(shop, mug.variantId)
      const declined = await order('stripe', 'ctoken_stolen')
      assert.equal(declined.status, 402)
      assert.equal(declined.body.reason, 'card-declined')
      assert.doesNotMatch(JSON.stringify(declined.body), /stolen/)
      await eventually(before, () => levels(shop, mug.variantId))
      assert.equal((await order('stripe')).body.type, '/problems/payments/token-required')
    })

    test('transfer: kept for days, told in a mail, placed when staff saw the money, and sent back by hand', async () => {
      const { body } = await order('manual')
      const { id, number } = body.order
      assert.equal(body.order.status, 'awaiting_payment')
      assert.equal(body.payment.status, 'processing')
      assert.equal(body.payment.instructions, manual.instructions)
      const days = (Date.parse((await look(body.order)).payment.payableUntil) - Date.now()) / 86_400_000
      assert.ok(days > 9.9 && days < 10.1, `${days} days`)
      await eventually(true, async () =>
        (await mails()).some((subject) => subject.startsWith(`How to pay your order ${number}`)),
      )
      assert.deepEqual((await admin(id)).actions, ['mark-paid', 'cancel'])

      const short = await staff(`${id}/mark-paid`, { amount: { amount: 2_479, currency: 'EUR' } })
      assert.deepEqual(
        [short.status, short.body.type, short.body.due.amount],
        [409, '/problems/payments/amount-differs', 2_480],
      )
      assert.deepEqual(await ledger(id), {})
      // Beside each other, and once more: it is paid once.
      const marks = await Promise.all([1, 2, 3].map(() => staff(`${id}/mark-paid`)))
      assert.ok(marks.some(({ status }) => status === 200))
      for (const mark of marks)
        assert.ok(mark.status === 200 || mark.body.orderStatus === 'placed', JSON.stringify(mark.body))
      await eventually('placed', async () => (await look(body.order)).status)
      assert.deepEqual(await ledger(id), { customers: -2_480, 'provider:manual': 2_480 })
      assert.equal((await staff(`${id}/mark-paid`)).body.type, '/problems/orders/not-allowed-now')

      assert.equal((await staff(`${id}/fulfillments`)).status, 201)
      const refund = await staff(`${id}/refunds`, { reason: 'came back' })
      assert.equal(refund.status, 201, JSON.stringify(refund.body))
      assert.deepEqual(await ledger(id), { customers: -2_480, 'provider:manual': 0, refunds: 2_480 })
    })

    test('transfer: one that is never paid expires after its days, and staff may give it up before', async () => {
      const before = await levels(shop, mug.variantId)
      const [late, given] = [await order('manual'), await order('manual')]
      assert.deepEqual(await levels(shop, mug.variantId), { ...before, reserved: before.reserved + 2 })
      const canceled = await staff(`${given.body.order.id}/cancel`, { reason: 'the shopper called' })
      assert.equal(canceled.body.status, 'expired', JSON.stringify(canceled.body))
      // Not the shop's minutes for cards, but days of its own.
      const { rows } = await owner.query(
        `select id from orders.orders where id = $1 and expires_at between now() + interval '9 days' and now() + interval '10 days'`,
        [late.body.order.id],
      )
      assert.equal(rows.length, 1)
      await owner.query(`update orders.orders set expires_at = now(), look_at = now() where id = $1`, [
        late.body.order.id,
      ])
      await eventually('expired', async () => (await look(late.body.order)).status)
      await eventually(before, () => levels(shop, mug.variantId))
      const tooLate = await staff(`${late.body.order.id}/mark-paid`)
      assert.equal(tooLate.body.type, '/problems/orders/not-allowed-now')
      for (const { body } of [late, given]) assert.deepEqual(await ledger(body.order.id), {})
    })

    test('only transfers are marked as paid, and only by who may', async () => {
      const { body } = await order('stripe', 'ctoken_3ds')
      const marked = await staff(`${body.order.id}/mark-paid`)
      assert.deepEqual([marked.status, marked.body.type], [409, '/problems/payments/not-by-hand'])
      assert.equal((await look(body.order)).status, 'awaiting_payment')
      const { clientSecret } = body.payment
      stripe.answerChallenge(clientSecret, false)
    })
  })
}
