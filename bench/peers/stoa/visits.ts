import { randomUUID } from 'node:crypto'
import type { Client } from '../client.ts'
import { buyer, expectThat, nth, pageSize, type Visits, type Ware } from '../visits.ts'

type Detail = { readonly handle: string; readonly variants: readonly unknown[] }
type Listing = { readonly items: readonly unknown[]; readonly facets: readonly unknown[] }
type Cart = { readonly id: string }
type Order = {
  readonly id: string
  readonly token: string
  readonly status: string
  readonly totals: { readonly total: { readonly amount: number } }
}

const shippingAddress = {
  name: `${buyer.firstName} ${buyer.lastName}`,
  line1: buyer.street,
  city: buyer.city,
  postalCode: buyer.postalCode,
  country: buyer.country,
}

const get = async <Body>(client: Client, path: string): Promise<Body> => (await client.send<Body>('GET', path)).body
const write = async <Body>(client: Client, method: 'POST' | 'PATCH', path: string, body: object): Promise<Body> =>
  (await client.send<Body>(method, path, body, { 'idempotency-key': randomUUID() })).body

async function list(client: Client, query: string, isFound = (items: readonly unknown[]) => items.length > 0) {
  const { items, facets } = await get<Listing>(client, `/api/products?limit=${pageSize}${query}`)
  expectThat(isFound(items) && facets.length > 0, 'a listing without products or facets')
}

async function order(client: Client, cartId: string, { total }: Ware): Promise<void> {
  const placed = await write<{ order: { id: string; token: string } }>(
    client,
    'POST',
    `/api/carts/${cartId}/checkout`,
    {
      payment: { provider: 'sandbox', token: 'tok_ok' },
    },
  )
  const { id, token } = placed.order
  const { status, totals } = await get<Order>(client, `/api/orders/${id}?token=${token}`)
  expectThat(status === 'placed', `an order that is ${status}`)
  expectThat(totals.total.amount === total, `an order of ${totals.total.amount} instead of ${total}`)
}

async function buyInThree(client: Client, ware: Ware): Promise<void> {
  const lines = [{ variantId: ware.variantId, quantity: 1 }]
  const cart = await write<Cart>(client, 'POST', '/api/carts', { lines, email: buyer.email, shippingAddress })
  await order(client, cart.id, ware)
}

async function buyBySteps(client: Client, ware: Ware): Promise<void> {
  const cart = await write<Cart>(client, 'POST', '/api/carts', {})
  const at = `/api/carts/${cart.id}`
  await write(client, 'POST', `${at}/lines`, { variantId: ware.variantId, quantity: 1 })
  await write(client, 'PATCH', at, { email: buyer.email, shippingAddress })
  const ways = await get<{ items: { id: string }[] }>(client, `${at}/shipping-methods`)
  await write(client, 'PATCH', at, { shippingMethod: ways.items[0]?.id })
  await get(client, '/api/payments/providers')
  await order(client, cart.id, ware)
}

export const visits: Visits = {
  async detail(client, { handles }, n) {
    const { handle, variants } = await get<Detail>(client, `/api/products/${nth(handles, n)}`)
    expectThat(handle === nth(handles, n) && variants.length > 0, 'another product')
  },
  listing: (client) => list(client, '', (items) => items.length === pageSize),
  category: (client, { categories }, n) => list(client, `&category=${nth(categories, n)}`),
  search: (client, { words }, n) => list(client, `&q=${nth(words, n)}`),
  'by-steps': (client, { variants }, n) => buyBySteps(client, nth(variants, n)),
  fewest: (client, { variants }, n) => buyInThree(client, nth(variants, n)),
  rush: (client, { rush }) => buyInThree(client, rush),
}
