import type { Client } from '../client.ts'
import { buyer, expectThat, nth, pageSize, type Visits, type Ware, type Wares } from '../visits.ts'

// The store API as Medusa's own storefront uses it, with the fields that it asks for.

type Settings = Wares['settings']

const key = ({ key: value = '' }: Settings) => ({ 'x-publishable-api-key': value })

const get = async <Body>(client: Client, settings: Settings, path: string): Promise<Body> =>
  (await client.send<Body>('GET', path, undefined, key(settings))).body
const post = async <Body>(client: Client, settings: Settings, path: string, body: object = {}): Promise<Body> =>
  (await client.send<Body>('POST', path, body, key(settings))).body

type Product = { readonly handle: string; readonly variants: readonly unknown[] }
const detailFields = encodeURIComponent('*variants.calculated_price,+variants.inventory_quantity')
const listingFields = '*variants.calculated_price'

async function list(client: Client, { settings }: Wares, query: string, isFound = (count: number) => count > 0) {
  const { products } = await get<{ products: readonly Product[] }>(
    client,
    settings,
    `/store/products?limit=${pageSize}&offset=0&region_id=${settings.region}&fields=${listingFields}${query}`,
  )
  expectThat(isFound(products.length), 'a listing without products')
}

const address = {
  first_name: buyer.firstName,
  last_name: buyer.lastName,
  address_1: buyer.street,
  city: buyer.city,
  postal_code: buyer.postalCode,
  country_code: buyer.country.toLowerCase(),
}
const whoAndWhere = { email: buyer.email, shipping_address: address, billing_address: address }

type Cart = { readonly cart: { readonly id: string } }
type Completed = {
  readonly type: string
  readonly order?: { readonly id: string }
  readonly error?: { message: string }
}
type Order = { readonly order: { readonly total: number; readonly payment_status?: string } }

async function pay(client: Client, settings: Settings, cartId: string, { total }: Ware): Promise<void> {
  const { payment_collection: collection } = await post<{ payment_collection: { id: string } }>(
    client,
    settings,
    '/store/payment-collections',
    { cart_id: cartId },
  )
  await post(client, settings, `/store/payment-collections/${collection.id}/payment-sessions`, {
    provider_id: 'pp_system_default',
  })
  const { type, order, error } = await post<Completed>(client, settings, `/store/carts/${cartId}/complete`)
  if (type !== 'order' || !order) throw new Error(error?.message ?? type)
  const placed = await get<Order>(client, settings, `/store/orders/${order.id}`)
  const amount = Math.round(placed.order.total * 100)
  expectThat(amount === total, `an order of ${amount} instead of ${total}`)
}

const ship = (client: Client, settings: Settings, cartId: string, option = ''): Promise<unknown> =>
  post(client, settings, `/store/carts/${cartId}/shipping-methods`, { option_id: option })

/** A cart can be made with its lines and addresses; the way to ship and the payment are requests of their own. */
async function buyInSix(client: Client, { settings }: Wares, ware: Ware): Promise<void> {
  const { cart } = await post<Cart>(client, settings, '/store/carts', {
    region_id: settings.region,
    items: [{ variant_id: ware.variantId, quantity: 1 }],
    ...whoAndWhere,
  })
  await ship(client, settings, cart.id, settings.way)
  await pay(client, settings, cart.id, ware)
}

async function buyBySteps(client: Client, { settings }: Wares, ware: Ware): Promise<void> {
  const { cart } = await post<Cart>(client, settings, '/store/carts', { region_id: settings.region })
  await post(client, settings, `/store/carts/${cart.id}/line-items`, { variant_id: ware.variantId, quantity: 1 })
  await post(client, settings, `/store/carts/${cart.id}`, whoAndWhere)
  const { shipping_options: ways } = await get<{ shipping_options: { id: string }[] }>(
    client,
    settings,
    `/store/shipping-options?cart_id=${cart.id}`,
  )
  await ship(client, settings, cart.id, ways[0]?.id)
  await get(client, settings, `/store/payment-providers?region_id=${settings.region}`)
  await pay(client, settings, cart.id, ware)
}

export const visits: Visits = {
  async detail(client, { handles, settings }, n) {
    const path = `/store/products?handle=${nth(handles, n)}&region_id=${settings.region}&fields=${detailFields}`
    const { products } = await get<{ products: readonly Product[] }>(client, settings, path)
    expectThat(products[0]?.handle === nth(handles, n) && products[0].variants.length > 0, 'another product')
  },
  listing: (client, wares) => list(client, wares, '', (count) => count === pageSize),
  category: (client, wares, n) => list(client, wares, `&category_id[]=${nth(wares.categories, n)}`),
  search: (client, wares, n) => list(client, wares, `&q=${nth(wares.words, n)}`),
  'by-steps': (client, wares, n) => buyBySteps(client, wares, nth(wares.variants, n)),
  fewest: (client, wares, n) => buyInSix(client, wares, nth(wares.variants, n)),
  rush: (client, wares) => buyInSix(client, wares, wares.rush),
}
