import assert from 'node:assert/strict'
import { join } from 'node:path'
import T from 'typebox'
import { cart as contract } from '#contracts/cart'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { cartAbandoned } from '#events/cart'
import { orderPlaced } from '#events/orders'
import type { Actor } from '#kernel/call'
import { command, contract as declare, type Input, internal, type Output, ok } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { Nothing } from '#kernel/fields'
import { newId } from '#kernel/id'
import { on } from '#kernel/inbox'
import { publish } from '#kernel/outbox'
import { type AnyHandler, type AnyService, service } from '#kernel/service'
import { type Api, apiAt } from '../../test/api.ts'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from '../inventory/service.ts'
import { pricingService } from '../pricing/service.ts'
import { shippingService } from '../shipping/service.ts'
import { cartService } from './service.ts'
import { markets, zones } from './test-settings.ts'

// A shop around the cart: real prices, stock and shipping, and of the rest as much as its tests need.

export type Variant = Output<(typeof catalog.operations)['sellable']>['items'][number]

export const berlin = {
  name: 'Ada Lovelace',
  line1: 'Invalidenstraße 1',
  city: 'Berlin',
  postalCode: '10115',
  country: 'DE',
}
export const paris = { ...berlin, line1: '1 rue de Rivoli', city: 'Paris', postalCode: '75001', country: 'FR' }

const toldOrders = declare('orders', {
  place: command(null, {
    summary: 'Tell that a cart became an order',
    access: internal,
    input: T.Object({ cartId: T.String(), orderId: T.String() }),
    output: Nothing,
  }),
})

export type CartShop = {
  readonly host: TestHost
  readonly api: Api
  /** Creates a cart through the API, which must go well. */
  create(body?: Record<string, unknown>): Promise<Answer>
  get(cartId: string): Promise<Answer>
  patch(cartId: string, body: Record<string, unknown>): Promise<{ status: number; body: Answer }>
  /** What orders get of a cart, or the refusal. */
  snapshot(cartId: string): Promise<Snapshot | { readonly type: string; readonly data: unknown }>
  /** Creates a promotion, a tenth off of what is in the category mugs-on-sale, and answers with its id. */
  promote(code: string | null, given?: Partial<Promotion>): Promise<string>
  /** Puts a variant on sale, prices in minor units a market, and answers with its id. */
  sell(options?: SellOptions): Promise<string>
  /** Changes what the catalog says of a variant; null forgets it. */
  change(variantId: string, changes: Partial<Variant> | null): void
  setPrice(variantId: string, market: string, amount: number | null): Promise<void>
  placeOrder(cartId: string, orderId: string): Promise<void>
  /** Subjects and lines of the carts that were told of as abandoned. */
  readonly abandoned: { subject: string; lines: number }[]
  /** How often each operation of a neighbor was called since the last time this was asked. */
  calls(): Record<string, number>
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read with exact assertions, which say more than a type would
type Answer = any
type Snapshot = Output<(typeof contract.operations)['snapshot']>
type Promotion = Input<(typeof pricing.operations)['createPromotion']>

export type SellOptions = Partial<Variant> & {
  readonly prices?: Readonly<Record<string, number>>
  readonly onHand?: number
}

/**
 * @param authenticate who a bearer token belongs to
 * @param hasShipping whether the shipping service answers
 */
export async function startCartShop(
  shape: 'plain' | 'strict',
  authenticate: (credential: string) => Actor = () => ({ kind: 'anonymous' }),
  hasShipping = true,
): Promise<CartShop> {
  const variants = new Map<string, Variant>()
  const abandoned: { subject: string; lines: number }[] = []
  let calls: Record<string, number> = {}
  const counted = (definition: AnyService): AnyService => ({
    ...definition,
    start: async (host) => {
      const wiring = await definition.start(host)
      const operations = Object.entries(wiring.operations as Record<string, AnyHandler>).map(([name, operation]) => {
        const path = `${definition.contract.name}.${name}`
        const count: AnyHandler = (input, call) => {
          calls[path] = (calls[path] ?? 0) + 1
          return operation(input, call)
        }
        return [name, count]
      })
      return { ...wiring, operations: Object.fromEntries(operations) }
    },
  })
  const catalogService = service({
    contract: declare('catalog', { sellable: catalog.operations.sellable }),
    settings: T.Object({}),
    connections: null,
    migrations: null,
    start: async () => ({
      operations: {
        sellable: async ({ variantIds }) => ok({ items: variantIds.flatMap((id) => variants.get(id) ?? []) }),
      },
    }),
  })
  const host = await startTestHost(
    [
      cartService,
      ...[catalogService, pricingService, inventoryService, ...(hasShipping ? [shippingService] : [])].map(counted),
      ordersThatTell,
      listener(abandoned),
    ],
    {
      shape,
      edge: true,
      settings: { pricing: { markets }, shipping: { zones }, inventory: { lowStock: 3 } },
      authenticate: async (credential) => authenticate(credential),
    },
  )

  const setPrice = async (variantId: string, market: string, amount: number | null): Promise<void> => {
    const productId = variants.get(variantId)?.productId ?? ''
    await host.client(pricing).setPrices({ productId, prices: [{ variantId, market, amount, compareAtAmount: null }] })
  }
  const api = apiAt(host.url ?? '')
  return {
    host,
    api,
    abandoned,
    setPrice,
    async create(body = {}) {
      const answer = await api('POST', '/api/carts', body)
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      return answer.body
    },
    get: async (cartId) => (await api('GET', `/api/carts/${cartId}`)).body,
    patch: (cartId, body) => api('PATCH', `/api/carts/${cartId}`, body),
    async snapshot(cartId) {
      const outcome = await host.client(contract).snapshot({ cartId })
      return outcome.ok ? outcome.value : outcome.refusal
    },
    async promote(code, given) {
      const outcome = await host.client(pricing).createPromotion({ ...tenthOff, code, ...given })
      assert.ok(outcome.ok)
      return outcome.value.id
    },
    async sell({ prices = { eu: 2_000 }, onHand = 100, ...given } = {}) {
      const variant = { ...mug, variantId: newId('variant'), productId: newId('prod'), ...given }
      variants.set(variant.variantId, variant)
      for (const [market, amount] of Object.entries(prices)) await setPrice(variant.variantId, market, amount)
      const levels = [{ variantId: variant.variantId, locationId: null, onHand }]
      await host.client(inventory).setLevels({ levels, reason: 'test' })
      return variant.variantId
    },
    change(variantId, changes) {
      const variant = variants.get(variantId)
      if (changes && variant) variants.set(variantId, { ...variant, ...changes })
      else variants.delete(variantId)
    },
    async placeOrder(cartId, orderId) {
      await host.client(toldOrders).place({ cartId, orderId })
      await host.settle()
    },
    calls() {
      const counted = calls
      calls = {}
      return counted
    },
  }
}

const tenthOff: Promotion = {
  label: 'A tenth off',
  code: null,
  kind: 'percentage',
  rate: 100_000,
  amounts: {},
  minimums: {},
  categories: ['mugs-on-sale'],
  startsAt: null,
  endsAt: null,
  usageLimit: null,
  usageLimitPerCustomer: null,
  active: true,
}

const mug: Omit<Variant, 'variantId' | 'productId'> = {
  handle: 'mug',
  title: 'Mug',
  variantTitle: 'Red',
  sku: 'MUG-RED',
  options: { Color: 'Red' },
  categories: ['mugs'],
  grams: 400,
  requiresShipping: true,
  taxable: true,
  taxCode: null,
  inventoryPolicy: 'deny',
  inventoryTracked: true,
  imageUrl: '/media/mug.svg',
  active: true,
}

const noTables = join(import.meta.dirname, 'no-migrations')

const ordersThatTell = service({
  contract: toldOrders,
  settings: T.Object({}),
  connections: 2,
  migrations: noTables,
  start: async ({ db }) => ({
    operations: {
      place: async ({ cartId, orderId }) => {
        const data = { orderId, number: 'S-1', cartId, market: 'eu', customerId: null }
        await inTransaction(db, (tx) => publish(tx, orderPlaced, { subject: orderId, sequence: 1, data }))
        return ok({})
      },
    },
  }),
})

const listener = (abandoned: CartShop['abandoned']) =>
  service({
    contract: declare('listener', {}, { subscribes: [cartAbandoned] }),
    settings: T.Object({}),
    connections: 2,
    migrations: noTables,
    start: async () => ({
      operations: {},
      subscriptions: [
        on(cartAbandoned, async (_, { subject, data }) => {
          abandoned.push({ subject, lines: data.lines })
        }),
      ],
    }),
  })
