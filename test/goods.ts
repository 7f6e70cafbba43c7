import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestShop } from './shop.ts'

export type Goods = {
  readonly productId: string
  readonly variantId: string
  readonly handle: string
  readonly locationId: string
}

/** Puts a product with one variant on sale, as staff would: product, prices, stock. Prices in minor units a market. */
export async function sell(
  shop: TestShop,
  goods: {
    handle: string
    title?: string
    vendor?: string
    sku?: string
    onHand: number
    prices?: Record<string, number>
    grams?: number
  },
): Promise<Goods> {
  const staff = { token: shop.staffToken }
  const product = await shop.api(
    'POST',
    '/api/admin/products',
    {
      handle: goods.handle,
      title: goods.title ?? `Goods ${goods.handle}`,
      ...(goods.vendor ? { vendor: goods.vendor } : {}),
      status: 'active',
      variants: [
        {
          sku: goods.sku ?? goods.handle.toUpperCase(),
          grams: goods.grams ?? 500,
          requiresShipping: true,
          taxable: true,
        },
      ],
    },
    staff,
  )
  assert.equal(product.status, 201, JSON.stringify(product.body))
  const productId = product.body.id as string
  const variantId = product.body.variants[0].id as string
  const prices = Object.entries(goods.prices ?? { eu: 2_000 }).map(([market, amount]) => ({
    variantId,
    market,
    amount,
    compareAtAmount: null,
  }))
  const priced = await shop.api('PUT', '/api/admin/prices', { productId, prices }, staff)
  assert.equal(priced.status, 200, JSON.stringify(priced.body))
  const locationId = await defaultLocation(shop)
  const counted = await shop.api(
    'PUT',
    '/api/admin/inventory/levels',
    { variantId, locationId, onHand: goods.onHand },
    staff,
  )
  assert.equal(counted.status, 200, JSON.stringify(counted.body))
  return { productId, variantId, handle: goods.handle, locationId }
}

async function defaultLocation(shop: TestShop): Promise<string> {
  const staff = { token: shop.staffToken }
  const known = await shop.api('GET', '/api/admin/locations', undefined, staff)
  assert.equal(known.status, 200, JSON.stringify(known.body))
  if (known.body.items.length > 0) return known.body.items[0].id
  const created = await shop.api('POST', '/api/admin/locations', { name: 'Warehouse' }, staff)
  assert.equal(created.status, 201, JSON.stringify(created.body))
  return created.body.id
}

export const berlin = {
  name: 'Ada Lovelace',
  line1: 'Invalidenstraße 1',
  city: 'Berlin',
  postalCode: '10115',
  country: 'DE',
}

/** Three requests sell: a cart with everything, checkout, the order. @returns the checkout's answer */
export async function buy(
  shop: TestShop,
  variantId: string,
  options: {
    quantity?: number
    token?: string
    email?: string
    key?: string
    couponCodes?: readonly string[]
    giftCards?: readonly string[]
  } = {},
) {
  const cart = await insist(shop, '/api/carts', {
    lines: [{ variantId, quantity: options.quantity ?? 1 }],
    email: options.email ?? 'ada@example.com',
    shippingAddress: berlin,
    ...(options.couponCodes ? { couponCodes: options.couponCodes } : {}),
    ...(options.giftCards ? { giftCards: options.giftCards } : {}),
  })
  assert.equal(cart.status, 201, JSON.stringify(cart.body))
  const payment = { provider: 'sandbox', token: options.token ?? 'tok_ok' }
  const checkout = await insist(shop, `/api/carts/${cart.body.id}/checkout`, { payment }, options.key)
  return { cart: cart.body, checkout }
}

/** As a good client does: what was not answered, or still runs, is asked again with the same key. */
async function insist(shop: TestShop, path: string, body: unknown, key: string = randomUUID()) {
  for (let attempt = 1; ; attempt++) {
    const answer = await shop.api('POST', path, body, { key })
    const isUnanswered = answer.status === 503 || answer.body.type === '/problems/idempotency-key-in-progress'
    if (!isUnanswered || attempt === attemptsAtMost) return answer
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(answer.headers.get('retry-after') ?? 1)))
  }
}

/** A machine that runs eleven processes and the buyers on two cores may keep one waiting for a while. */
const attemptsAtMost = 20

/** The counted, held and promised units of a variant at its location. */
export async function levels(shop: TestShop, variantId: string) {
  const answer = await shop.api('GET', `/api/admin/inventory/levels?variantId=${variantId}`, undefined, {
    token: shop.staffToken,
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const [level] = answer.body.items
  return { onHand: level.onHand, reserved: level.reserved, allocated: level.allocated }
}

/** Waits until `probe` gives what is expected, or fails with the last thing it gave. For what events bring about. */
export async function eventually<V>(expected: V, probe: () => Promise<V>, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const value = await probe()
    try {
      assert.deepEqual(value, expected)
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
