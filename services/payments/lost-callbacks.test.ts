import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestPayments, type TestPayments, until } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

/** Events that were listed, each on a page of its own, and the page whose answer is lost. */
let listed = 0
let lostPage: number | null = null
let timesLost = 0

let shop: TestPayments
before(async () => {
  shop = await startTestPayments({
    capture: 'at-once',
    between: (adapter) => ({
      ...adapter,
      async events({ since, cursor = '0' }, call) {
        const place = Number(cursor)
        if (place === lostPage) {
          timesLost += 1
          return { outcome: 'unknown', cause: 'timeout', detail: 'lost' }
        }
        const page = await adapter.events?.({ since }, call)
        if (page?.outcome !== 'listed') return page ?? assert.fail('no events')
        listed += 1
        const nextCursor = place + 1 < page.items.length ? `${place + 1}` : null
        return { ...page, items: page.items.slice(place, place + 1), nextCursor }
      },
    }),
  })
  await shop.sandbox.behave({ webhooks: { drop: true } })
})
after(() => shop?.stop())

const paid = async (): Promise<{ orderId: string; providerPaymentId: string }> => {
  const orderId = newId('order')
  const request = { orderId, amount: eur(4_900), provider: 'sandbox', token: 'tok_ok', returnUrl: 'http://127.0.0.1/' }
  const outcome = await shop.payments.authorize(request)
  assert.equal(outcome.ok && outcome.value.status, 'captured')
  return { orderId, providerPaymentId: (await shop.sandbox.paymentsOf(orderId))[0]?.id ?? assert.fail() }
}
const refundThere = async (providerPaymentId: string, amount: number): Promise<void> => {
  const refunded = await shop.sandbox.adapter().refund({ providerPaymentId, amount: eur(amount), key: newId('key') })
  assert.equal(refunded.outcome, 'refunded')
}
/** The provider is read again, as it is every two minutes, until `probe` gives what holds. */
const readUntil = <V>(probe: () => Promise<V>, holds: (value: V) => boolean): Promise<V> =>
  until(async () => {
    await shop.rows('update payments.event_marks set look_at = now()')
    return probe()
  }, holds)
const refundedOf = async (orderId: string): Promise<number | undefined> =>
  (
    await shop.rows<{ refunded: number }>('select refunded::int from payments.payments where order_id = $1', [orderId])
  )[0]?.refunded

test('a refund made at the provider, of which no callback tells, is recorded without anybody asking', async () => {
  const { orderId, providerPaymentId } = await paid()
  // Money that was settled long ago: nobody looks at it any more.
  const [look] = await shop.rows<{ look_at: string | null }>(
    'select look_at from payments.order_payments where order_id = $1',
    [orderId],
  )
  assert.equal(look?.look_at, null)
  await refundThere(providerPaymentId, 1_000)
  await readUntil(
    () => refundedOf(orderId),
    (refunded) => refunded === 1_000,
  )
  const events = ['payment.captured', 'payment.refunded']
  assert.deepEqual((await shop.events(orderId)).toSorted(), events)
  // The same list again is nothing new.
  const before = listed
  await readUntil(
    async () => listed - before,
    (pages) => pages >= 3,
  )
  assert.deepEqual((await shop.events(orderId)).toSorted(), events)
  assert.equal(await refundedOf(orderId), 1_000)
})

test('an answer is lost between two pages: what was heard is kept, and the next round hears the rest', async () => {
  const [first, second] = [await paid(), await paid()]
  await refundThere(first.providerPaymentId, 100)
  await refundThere(second.providerPaymentId, 200)
  const all = await shop.sandbox.adapter().events?.({ since: '1970-01-01T00:00:00.000Z' })
  lostPage = (all?.outcome === 'listed' ? all.items.length : assert.fail()) - 1
  await readUntil(
    async () => timesLost,
    (times) => times > 0,
  )
  assert.deepEqual([await refundedOf(first.orderId), await refundedOf(second.orderId)], [100, 0])
  lostPage = null
  await readUntil(
    () => refundedOf(second.orderId),
    (refunded) => refunded === 200,
  )
  for (const { orderId } of [first, second])
    assert.equal((await shop.events(orderId)).filter((type) => type === 'payment.refunded').length, 1)
  await shop.host.settle()
  const checks = await verified(shop.payments.verify)
  assert.deepEqual(
    checks.flatMap(({ violations }) => violations),
    [],
  )
})
