import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiAt } from '../../test/api.ts'
import { untilMinuteHasRoom } from '../../test/rate-window.ts'
import { startShop } from './test-shop.ts'

/** As the contract says. */
const triesAMinute = 60
/** Who tries cards does not wait for one to be told before trying the next. */
const cartsAtOnce = 6

test('who tries stolen cards is stopped before the provider is asked, and buyers elsewhere are not', async (t) => {
  const shop = await startShop({ trustedProxies: ['127.0.0.1'] })
  t.after(() => shop.stop())
  const api = apiAt(shop.url)
  const variantId = await shop.sell({ onHand: 20 })
  const pay = (cartId: string, token: string, address: string) =>
    api(
      'POST',
      `/api/carts/${cartId}/checkout`,
      { payment: { provider: 'sandbox', token } },
      { headers: { 'x-forwarded-for': address } },
    )
  const minute = () => Math.floor(Date.now() / 60_000)

  await untilMinuteHasRoom()
  const begun = minute()
  let declined = 0
  const limited = await Promise.all(
    Array.from({ length: cartsAtOnce }, async () => {
      const cartId = await shop.fill([{ variantId }])
      for (;;) {
        const answer = await pay(cartId, 'tok_declined', '203.0.113.9')
        if (answer.status !== 402) return answer
        declined += 1
        assert.ok(declined <= 3 * triesAMinute, 'nobody is stopped')
      }
    }),
  )
  // A minute may have ended meanwhile, and a new one begun.
  const minutes = minute() - begun + 1
  assert.ok(declined >= triesAMinute && declined <= minutes * triesAMinute, `${declined} in ${minutes} minutes`)
  for (const { status, headers, body } of limited) {
    assert.deepEqual([status, body.type], [429, '/problems/rate-limited'])
    const seconds = Number(headers.get('retry-after'))
    assert.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`)
  }
  const [asked] = await shop.rows<{ count: number }>('select count(*)::int as count from payments.payments')
  assert.equal(asked?.count, declined)

  const bought = await pay(await shop.fill([{ variantId }]), 'tok_ok', '198.51.100.7')
  assert.deepEqual([bought.status, bought.body.order?.status], [201, 'placed'], JSON.stringify(bought.body))
  await shop.settle()
  assert.deepEqual(await shop.level(variantId), { onHand: 20, reserved: 0, allocated: 1 })
})
