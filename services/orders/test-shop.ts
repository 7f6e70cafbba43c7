import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import T from 'typebox'
import { cart } from '#contracts/cart'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import type { Actor } from '#kernel/call'
import type { Client } from '#kernel/client'
import { contract, type Input, type Output, ok } from '#kernel/contract'
import { oneDatabase } from '#kernel/database-address'
import { type Host, startHost } from '#kernel/host'
import { newId } from '#kernel/id'
import { service } from '#kernel/service'
import { createLog, createMetrics } from '#kernel/telemetry'
import { testDatabase } from '../../test/database.ts'
import { cartService } from '../cart/service.ts'
import { inventoryService } from '../inventory/service.ts'
import type { Point as PaymentPoint } from '../payments/deps.ts'
import { paymentsService } from '../payments/service.ts'
import { startTestSandbox, type TestSandbox } from '../payments/test-payments.ts'
import { pricingService } from '../pricing/service.ts'
import { shippingService } from '../shipping/service.ts'
import type { Point } from './deps.ts'
import { ordersServiceWith } from './service.ts'

/** Told of each place where orders and payments could die. Never answering is to die there. */
export type Reached = (point: Point | PaymentPoint, orderId: string) => Promise<void>

export type ShopOptions = {
  readonly shape?: 'plain' | 'strict'
  readonly capture?: 'at-once' | 'on-fulfillment'
  readonly reached?: Reached
  readonly authenticate?: (credential: string) => Promise<Actor>
  /** Whether payments run in a process of their own, which can be stopped. */
  readonly paymentsApart?: boolean
  readonly trustedProxies?: readonly string[]
}

/** One process of the shop: some of its services on a database that others may share. */
export type ShopHost = Host & {
  readonly url: string
  readonly orders: Client<typeof orders>
  readonly payments: Client<typeof payments>
  readonly inventory: Client<typeof inventory>
  readonly pricing: Client<typeof pricing>
  readonly carts: Client<typeof cart>
}

/** Orders with real payments, inventory and pricing, on a database of its own. */
export type TestShop = ShopHost & {
  readonly sandbox: TestSandbox
  /** As the owner. */
  readonly databaseUrl: string
  rows<R>(statement: string, values?: readonly unknown[]): Promise<R[]>
  /** Another process with orders and payments of the same shop. It stops with the shop. */
  another(options?: ShopOptions): Promise<ShopHost>
  /** A variant on sale with that much stock. @returns its id */
  sell(goods?: {
    onHand?: number
    price?: number
    policy?: 'deny' | 'continue'
    tracked?: boolean
    shipped?: boolean
  }): Promise<string>
  /** A cart with all that an order asks for, and no order yet. @returns its id */
  fill(
    lines: readonly { readonly variantId: string; readonly quantity?: number }[],
    more?: Partial<Input<(typeof cart.operations)['create']>>,
  ): Promise<string>
  /** Ends all leases and time limits that have not ended by themselves: whoever died has been dead long enough. */
  lapse(orderId: string): Promise<void>
  /** Lets an order's time limit end, and with `minutesAgo` have ended that long ago. */
  overdue(orderId: string, minutesAgo?: number): Promise<void>
  level(variantId: string): Promise<{ onHand: number; reserved: number; allocated: number }>
  /** The types of an order's own events, in the order in which they were published. */
  events(orderId: string): Promise<string[]>
  timeline(orderId: string): Promise<string[]>
  /** With `paymentsApart`: ends the process of payments, and begins another one unless there is one. */
  stopPayments(): Promise<void>
  startPayments(): Promise<void>
  /** The same, and what is there instead takes every connection and never answers. @returns how many it has taken so far */
  silencePayments(): Promise<() => number>
}

const berlin = { name: 'Ada Lovelace', line1: 'Invalidenstraße 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

const settings = (capture: string) => ({
  orders: { numberPrefix: 'S-', paymentTimeLimitMinutes: 30 },
  payments: { providers: ['sandbox'], capture },
  inventory: { lowStock: 1 },
  pricing: {
    markets: [
      {
        code: 'eu',
        name: 'Europe',
        currency: 'EUR',
        locale: 'de-DE',
        countries: ['DE'],
        taxIncluded: true,
        taxZones: [{ country: 'DE', name: 'VAT 19 %', rate: 190_000, shippingTaxed: true }],
      },
    ],
  },
  shipping: {
    zones: [
      {
        code: 'germany',
        countries: ['DE'],
        methods: [
          {
            id: 'standard',
            name: 'Standard',
            days: [1, 3],
            rates: { eu: { steps: [{ upToGrams: null, amount: 490 }] } },
          },
        ],
      },
    ],
  },
})

type Goods = Map<string, { policy: 'deny' | 'continue'; tracked: boolean; shipped: boolean }>

/** A catalog as small as carts and stock need it: one product, of which tests put variants on sale. */
const catalogOf = (goods: Goods) =>
  service({
    contract: contract('catalog', { sellable: catalog.operations.sellable }),
    settings: T.Object({}),
    connections: null,
    migrations: null,
    start: async () => ({
      operations: {
        sellable: async ({ variantIds }) => ok({ items: variantIds.flatMap((id) => sellable(goods, id)) }),
      },
    }),
  })

function sellable(goods: Goods, variantId: string): Output<(typeof catalog.operations)['sellable']>['items'] {
  const variant = goods.get(variantId)
  if (!variant) return []
  const facts = {
    productId: 'prod',
    handle: 'mug',
    title: 'Mug',
    variantTitle: '',
    sku: null,
    options: {},
    categories: [],
  }
  return [
    {
      ...facts,
      variantId,
      grams: 100,
      requiresShipping: variant.shipped,
      taxable: true,
      taxCode: null,
      inventoryPolicy: variant.policy,
      inventoryTracked: variant.tracked,
      imageUrl: null,
      active: true,
    },
  ]
}

/** What a process hosts where not all, and where it finds the rest. */
type Elsewhere = { readonly urlOf: () => string | undefined; readonly hosted: readonly string[] }

async function startShopHost(
  base: {
    readonly databaseUrl: string
    readonly dataFolder: string
    readonly sandbox: TestSandbox
    readonly goods: Goods
  },
  options: ShopOptions,
  elsewhere?: Elsewhere,
): Promise<ShopHost> {
  const reached: Reached = options.reached ?? (async () => undefined)
  const services = [
    ordersServiceWith(reached),
    paymentsService(async () => [base.sandbox.adapter()], reached),
    inventoryService,
    pricingService,
    catalogOf(base.goods),
    cartService,
    shippingService,
  ]
  const host = await startHost({
    services,
    hosted: new Set(elsewhere?.hosted ?? services.map((one) => one.contract.name)),
    settings: settings(options.capture ?? 'on-fulfillment'),
    shop: { name: 'Test shop', publicUrl: 'http://127.0.0.1', demo: true },
    databases: async () => oneDatabase(base.databaseUrl),
    dataFolder: base.dataFolder,
    secret: async (name) => `test-secret-of-32-characters-or-so-${name}`,
    environment: async () => ({}),
    urlOf: () => elsewhere?.urlOf(),
    shape: options.shape ?? 'plain',
    limitLoopback: false,
    internal: { host: '127.0.0.1', port: 0 },
    edge: {
      host: '127.0.0.1',
      port: 0,
      trustedProxies: options.trustedProxies ?? [],
      openApi: () => ({}),
      apps: () => [],
      authenticate: () => options.authenticate ?? (async () => ({ kind: 'anonymous' })),
    },
    log: createLog({ level: process.env.STOA_TEST_LOG ?? 'silent', redact: [] }),
    metrics: createMetrics(),
  })
  return {
    ...host,
    url: `http://127.0.0.1:${host.publicPort}`,
    orders: host.client(orders),
    payments: host.client(payments),
    inventory: host.client(inventory),
    pricing: host.client(pricing),
    carts: host.client(cart),
  }
}

export async function startShop(options: ShopOptions = {}): Promise<TestShop> {
  // What was opened before a start that failed is closed, or the test's process never ends.
  await using opening = new AsyncDisposableStack()
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-test-'))
  opening.defer(() => rm(dataFolder, { recursive: true, force: true }))
  const database = await testDatabase()
  opening.defer(() => database.drop())
  const sandbox = await startTestSandbox()
  opening.defer(() => sandbox.stop())
  const goods: Goods = new Map()
  const base = { databaseUrl: database.url, dataFolder, sandbox, goods }
  let apart: ShopHost | null = null
  let paymentsUrl: string | undefined
  const butPayments = ['orders', 'inventory', 'pricing', 'catalog', 'cart', 'shipping']
  const host = await startShopHost(
    base,
    options,
    options.paymentsApart ? { urlOf: () => paymentsUrl, hosted: butPayments } : undefined,
  )
  opening.defer(() => host.stop())
  const inside = `http://127.0.0.1:${host.internalPort}`
  const startPayments = async (): Promise<void> => {
    if (apart) return
    apart = await startShopHost(base, options, { urlOf: () => inside, hosted: ['payments'] })
    paymentsUrl = `http://127.0.0.1:${apart.internalPort}`
  }
  const stopPayments = async (): Promise<void> => {
    await apart?.stop()
    apart = null
  }
  opening.defer(stopPayments)
  const silencePayments = async (): Promise<() => number> => {
    await stopPayments()
    const asking: Socket[] = []
    const silent = createServer((socket) => void asking.push(socket.on('error', () => undefined)))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    opened.defer(async () => {
      silent.close()
      for (const socket of asking) socket.destroy()
    })
    paymentsUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    return () => asking.length
  }
  if (options.paymentsApart) await startPayments()
  await sandbox.server.register({ webhookUrl: `${host.url}/api/payments/webhooks/sandbox`, origins: [host.url] })
  const owner = new pg.Pool({ connectionString: database.url, max: 2 })
  owner.on('error', () => undefined)
  opening.defer(() => owner.end())
  const opened = opening.move()
  const rows = async <R>(statement: string, values: readonly unknown[] = []): Promise<R[]> =>
    (await owner.query(statement, [...values])).rows as R[]
  return {
    ...host,
    databaseUrl: database.url,
    sandbox,
    rows,
    startPayments,
    stopPayments,
    silencePayments,
    async settle() {
      await apart?.settle()
      await host.settle()
    },
    async another(more = {}) {
      const elsewhere = { urlOf: () => inside, hosted: ['orders', 'payments'] }
      const other = await startShopHost(base, { ...options, reached: survive, ...more }, elsewhere)
      opened.defer(() => other.stop())
      return other
    },
    async sell({ onHand = 10, price = 2_000, policy = 'deny', tracked = true, shipped = true } = {}) {
      const variantId = newId('variant')
      goods.set(variantId, { policy, tracked, shipped })
      const prices = [{ variantId, market: 'eu', amount: price, compareAtAmount: null }]
      const priced = await host.pricing.setPrices({ productId: 'prod', prices })
      const levels = [{ variantId, locationId: null, onHand }]
      const counted = await host.inventory.setLevels({ levels, reason: 'count' })
      if (!priced.ok || !counted.ok) throw new Error('the goods have no price or no stock')
      return variantId
    },
    async fill(lines, more = {}) {
      const created = await host.carts.create({
        lines: lines.map(({ variantId, quantity = 1 }) => ({ variantId, quantity })),
        email: 'ada@example.com',
        shippingAddress: berlin,
        ...more,
      })
      if (!created.ok) throw new Error(`the cart was refused: ${JSON.stringify(created.refusal)}`)
      return created.value.id
    },
    async lapse(orderId) {
      await rows(
        "update orders.orders set lease_until = now() - interval '1 s', look_at = now() - interval '1 s' where id = $1",
        [orderId],
      )
      await rows(
        "update payments.order_payments set look_at = now() - interval '1 s' where order_id = $1 and look_at is not null",
        [orderId],
      )
      await rows(
        "update payments.payment_operations set created_at = now() - interval '1 minute' where order_id = $1",
        [orderId],
      )
      await rows("update payments.payments set abandoned_at = abandoned_at - interval '1 minute' where order_id = $1", [
        orderId,
      ])
    },
    async overdue(orderId, minutesAgo = 0) {
      await rows(
        'update orders.orders set expires_at = now() - make_interval(mins => $2), look_at = now() - make_interval(mins => $2) where id = $1',
        [orderId, minutesAgo],
      )
    },
    async level(variantId) {
      const levels = await host.inventory.levelsOf({ variantIds: [variantId] })
      const level = levels.ok ? levels.value.items[0] : undefined
      return { onHand: level?.onHand ?? 0, reserved: level?.reserved ?? 0, allocated: level?.allocated ?? 0 }
    },
    events: async (orderId) =>
      (
        await rows<{ type: string }>(
          'select type from orders.outbox where subject = $1 order by occurred_at, sequence, id',
          [orderId],
        )
      ).map(({ type }) => type),
    timeline: async (orderId) =>
      (
        await rows<{ kind: string }>('select kind from orders.order_history where order_id = $1 order by id', [orderId])
      ).map(({ kind }) => kind),
    stop: () => opened.disposeAsync(),
  }
}

const survive: Reached = async () => undefined

export type Buying = { readonly token?: string; readonly key?: string } & Partial<
  Omit<Input<(typeof orders.operations)['checkout']>, 'cartId' | 'payment'>
>

/** Checks a cart out with the sandbox's token, `tok_ok` if none is named. */
export function buy(shop: Pick<ShopHost, 'orders'>, cartId: string, { token = 'tok_ok', key, ...more }: Buying = {}) {
  return shop.orders.checkout(
    { cartId, payment: { provider: 'sandbox', token }, ...more },
    { key: key ?? newId('key') },
  )
}

/** `placed`, `awaiting_payment`, or the type of the refusal. */
export const verdict = (
  outcome: { ok: true; value: { order: { status: string } } } | { ok: false; refusal: { type: string } },
): string => (outcome.ok ? outcome.value.order.status : outcome.refusal.type)
