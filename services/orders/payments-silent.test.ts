import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verified } from '#kernel/invariants'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop } from './test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop({ paymentsApart: true })
  await shop.sandbox.behave({ webhooks: { drop: true } })
})
after(() => shop?.stop())

const many = 420
const paidMeanwhile = 3

test('payments take calls and never answer: hundreds of unpaid orders lose their stock in time, and none its money', async () => {
  const variantId = await shop.sell({ onHand: many })
  const pages: string[] = []
  for (const _ of Array(many / 30)) {
    const bought = Array.from({ length: 30 }, async () =>
      buy(shop, await shop.fill([{ variantId }]), { token: 'tok_3ds' }),
    )
    for (const outcome of await Promise.all(bought)) {
      assert.ok(outcome.ok && outcome.value.order.status === 'awaiting_payment', JSON.stringify(outcome))
      pages.push(outcome.value.payment.redirectUrl ?? '')
    }
  }
  await shop.silencePayments()
  for (const page of pages.slice(0, paidMeanwhile)) await shop.sandbox.challenge(page, 'approve')
  const counted = async () => {
    const rows = await shop.rows<{ state: string; n: number }>(
      'select state, count(*)::int as n from orders.orders group by state',
    )
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
  }
  // All are due at once, and are asked about in vain before the provider's five minutes are over.
  await shop.rows(
    `update orders.orders set look_at = now(), expires_at = now() - interval '5 minutes' + interval '15 seconds'`,
  )
  const free = await until(
    () => shop.level(variantId),
    ({ reserved }) => reserved === 0,
    120_000,
  )
  assert.deepEqual(free, { onHand: many, reserved: 0, allocated: 0 })
  assert.deepEqual(await counted(), { expired: many })
  const [longest] = await shop.rows<{ seconds: number }>(
    `select max(extract(epoch from h.at - o.expires_at))::float8 as seconds
     from orders.orders o join orders.order_history h on h.order_id = o.id and h.kind = 'expired'`,
  )
  assert.ok(longest && longest.seconds >= 300 && longest.seconds < 360, `${longest?.seconds} s past the time limit`)

  await shop.startPayments()
  await shop.rows('update orders.orders set look_at = now(), looks = 0')
  await until(counted, ({ placed }) => placed === paidMeanwhile)
  await until(
    () => shop.rows('select 1 from orders.orders where settled_at is null'),
    (open) => open.length === 0,
  )
  await shop.settle()
  assert.deepEqual(await counted(), { placed: paidMeanwhile, expired: many - paidMeanwhile })
  assert.deepEqual(await shop.level(variantId), { onHand: many, reserved: 0, allocated: paidMeanwhile })
  const checks = [...(await verified(shop.orders.verify)), ...(await verified(shop.payments.verify))]
  assert.deepEqual(
    checks.flatMap(({ violations }) => violations),
    [],
  )
})
