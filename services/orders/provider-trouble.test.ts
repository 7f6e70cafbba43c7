import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '#kernel/id'
import { until } from '../payments/test-payments.ts'
import { buy, startShop, type TestShop, verdict } from './test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop()
})
after(() => shop?.stop())

const isOffered = async (): Promise<boolean> => {
  const answer = await fetch(`${shop.url}/api/payments/providers`)
  const { items } = (await answer.json()) as { items: { name: string; available: boolean }[] }
  return items.some(({ name, available }) => name === 'sandbox' && available)
}
const attempts = async (): Promise<number> =>
  (await shop.rows<{ n: number }>('select count(*)::int as n from payments.payments'))[0]?.n ?? 0

test('a provider that does not answer is not asked for new money; what was begun is found out when it is back', async () => {
  const variantId = await shop.sell({ onHand: 20 })
  assert.equal(await isOffered(), true)
  await shop.sandbox.behave({ down: true })
  const begun = await Promise.all(Array.from({ length: 8 }, async () => buy(shop, await shop.fill([{ variantId }]))))
  assert.deepEqual(new Set(begun.map(verdict)), new Set(['awaiting_payment']))
  await until(isOffered, (offered) => !offered)

  const cartId = await shop.fill([{ variantId }])
  const key = newId('key')
  const refused = await buy(shop, cartId, { key })
  assert.equal(verdict(refused), 'payments/provider-unavailable')
  assert.equal(await attempts(), 8)
  assert.deepEqual(await shop.level(variantId), { onHand: 20, reserved: 8, allocated: 0 })

  // The refusal is told with the time to wait, and is not the answer to the key.
  const asked = await fetch(`${shop.url}/api/carts/${cartId}/checkout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': newId('key') },
    body: JSON.stringify({ payment: { provider: 'sandbox', token: 'tok_ok' } }),
  })
  assert.equal(asked.status, 503)
  assert.match(asked.headers.get('retry-after') ?? '', /^[1-5]$/)
  assert.equal(((await asked.json()) as { type: string }).type, '/problems/payments/provider-unavailable')

  await shop.sandbox.behave({})
  await until(isOffered, (offered) => offered)
  assert.equal(verdict(await buy(shop, cartId, { key })), 'placed')
  const placed = async () =>
    (await shop.rows<{ n: number }>("select count(*)::int as n from orders.orders where state = 'placed'"))[0]?.n
  await until(placed, (n) => n === 9)
  assert.equal(await attempts(), 9)
  await until(
    () => shop.level(variantId),
    ({ reserved, allocated }) => reserved === 0 && allocated === 9,
  )
})
