// What somebody who comes does. A visit is one arrival of the load: a page, or all requests from the cart to the order.

/** What there is to look at and to buy, read from the shop before the load begins. */
export type Goods = {
  readonly variants: readonly string[]
  readonly handles: readonly string[]
  readonly hot: string
  readonly words: readonly string[]
  readonly categories: readonly string[]
  readonly deepProducts: string
  readonly deepOrders: string
  readonly deepLevels: string
  readonly token: string
  /** How many lines a basket has. */
  readonly linesACart: number
}

export type Client = {
  /** Reads the answer's JSON; throws `Refused` unless it is a good one. */
  call<R>(method: string, path: string, body?: unknown, token?: string): Promise<R>
  /** Reads all of the answer and keeps nothing. */
  look(path: string, token?: string): Promise<void>
}

const address = { name: 'Ada Lovelace', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }
const email = 'ada@example.com'
const payment = { provider: 'sandbox', token: 'tok_ok' }

const nth = <V>(list: readonly V[], n: number): V => list[n % list.length] as V

type Placed = { order: { id: string; token: string; status: string } }

async function order(client: Client, cartId: string): Promise<void> {
  const placed = await client.call<Placed>('POST', `/api/carts/${cartId}/checkout`, { payment })
  const { id, token, status } = placed.order
  if (status !== 'placed') throw new Error(`order is ${status}`)
  await client.look(`/api/orders/${id}?token=${token}`)
}

async function fillCart(client: Client, variantIds: readonly string[]): Promise<string> {
  const lines = variantIds.map((variantId) => ({ variantId, quantity: 1 }))
  const cart = await client.call<{ id: string }>('POST', '/api/carts', { lines, email, shippingAddress: address })
  return cart.id
}

const buyInThree = async (client: Client, ...variantIds: string[]): Promise<void> =>
  order(client, await fillCart(client, variantIds))

/** As shops do that know one thing a request: cart, line, who and where, ways to ship, the way, ways to pay, order, and the order. */
async function buyInEight(client: Client, variantId: string): Promise<void> {
  const cart = await client.call<{ id: string }>('POST', '/api/carts', {})
  const at = `/api/carts/${cart.id}`
  await client.call('POST', `${at}/lines`, { variantId, quantity: 1 })
  await client.call('PATCH', at, { email, shippingAddress: address })
  const ways = await client.call<{ items: { id: string }[] }>('GET', `${at}/shipping-methods`)
  await client.call('PATCH', at, { shippingMethod: ways.items[0]?.id })
  await client.look('/api/payments/providers')
  await order(client, cart.id)
}

/** Of a hundred who look: what they look at, as a public shop's log has it. */
const mix: readonly [share: number, path: (goods: Goods, n: number) => string][] = [
  [10, () => '/'],
  [20, (goods, n) => `/products?category=${nth(goods.categories, n)}`],
  [30, (goods, n) => `/products/${nth(goods.handles, n)}`],
  [20, (goods, n) => `/api/products/${nth(goods.handles, n)}`],
  [12, (goods, n) => `/api/products?limit=24&category=${nth(goods.categories, n)}`],
  [8, (goods, n) => `/api/products?limit=24&q=${nth(goods.words, n)}`],
]
/** Spread over the hundred, so that no stretch of a run is all pages and another all searches. */
const spread = mix.flatMap(([share, path]) => Array.from({ length: share }, () => path))
const stride = 37

const browse = (client: Client, goods: Goods, n: number): Promise<void> =>
  client.look((spread[(n * stride) % spread.length] as (typeof spread)[number])(goods, n))

/** Pages for each order of a mixed day: between one and four of a hundred visitors buy. */
const looksAnOrder = 30

export const visits = {
  bare: (client, goods) => client.look(goods.handles[0] as string),
  'detail-one': (client, goods) => client.look(`/api/products/${goods.handles[0]}`),
  detail: (client, goods, n) => client.look(`/api/products/${nth(goods.handles, n)}`),
  listing: (client) => client.look('/api/products?limit=24'),
  category: (client, goods, n) => client.look(`/api/products?limit=24&category=${nth(goods.categories, n)}`),
  // A price that nobody asked for yet: no answer is kept of it.
  facets: (client, goods, n) =>
    client.look(
      `/api/products?limit=24&filter[color]=Black&category=${nth(goods.categories, n)}&priceMin=${100 + (n % 90_000)}`,
    ),
  search: (client, goods, n) =>
    client.look(
      `/api/products?limit=24&q=${nth(goods.words, n)}%20${nth(goods.words, Math.floor(n / goods.words.length))}`,
    ),
  // Words that a fifth of all products have, and more.
  'search-common': (client, goods, n) =>
    client.look(
      `/api/products?limit=24&q=${nth(goods.words.slice(0, 10), n)}&priceMin=${100 + (n % 90_000)}&sort=${nth(['relevance', 'price-asc', 'newest'], n)}`,
    ),
  'page-warm': (client) => client.look('/products'),
  'page-cold': (client, _, n) => client.look(`/products?min=${(1 + (n % 90_000) / 100).toFixed(2)}`),
  browse,
  'three-requests': (client, goods, n) => buyInThree(client, nth(goods.variants, n)),
  'eight-requests': (client, goods, n) => buyInEight(client, nth(goods.variants, n)),
  'hot-item': (client, goods) => buyInThree(client, goods.hot),
  basket: (client, goods, n) =>
    buyInThree(client, ...Array.from({ length: goods.linesACart }, (_, line) => nth(goods.variants, n + line))),
  cart: async (client, goods, n) => void (await fillCart(client, [nth(goods.variants, n)])),
  'mixed-day': (client, goods, n) =>
    n % looksAnOrder === 0 ? buyInThree(client, nth(goods.variants, n)) : browse(client, goods, n),
  'admin-products': (client, goods) => client.look('/api/admin/products?limit=50', goods.token),
  'admin-products-deep': (client, goods) => client.look(goods.deepProducts, goods.token),
  'admin-orders': (client, goods) => client.look('/api/admin/orders?limit=50', goods.token),
  'admin-orders-deep': (client, goods) => client.look(goods.deepOrders, goods.token),
  'admin-orders-search': (client, goods, n) =>
    client.look(`/api/admin/orders?limit=50&q=shopper${1 + ((n * stride) % 10_000)}@`, goods.token),
  'admin-levels-deep': (client, goods) => client.look(goods.deepLevels, goods.token),
} satisfies Record<string, (client: Client, goods: Goods, n: number) => Promise<void>>

export type VisitName = keyof typeof visits
