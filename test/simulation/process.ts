import T from 'typebox'
import { cart } from '#contracts/cart'
import { payments } from '#contracts/payments'
import { pricing, withShipping } from '#contracts/pricing'
import { serviceCall, withCall } from '#kernel/call'
import type { Mesh } from '#kernel/client'
import { type Contract, contract, type Input, type Output, ok } from '#kernel/contract'
import { type Database, databaseFacts } from '#kernel/database'
import { oneDatabase } from '#kernel/database-address'
import type { RunningService } from '#kernel/execute'
import { localMesh } from '#kernel/mesh'
import { subtract } from '#kernel/money'
import type { OpenPool } from '#kernel/pool'
import { createReceiver } from '#kernel/receiver'
import { type Deliver, startRelay } from '#kernel/relay'
import { type Ask, remoteMesh } from '#kernel/remote-mesh'
import { type AnyService, type Job, service } from '#kernel/service'
import { sharedAnswers } from '#kernel/shared-answers'
import { startService } from '#kernel/start-service'
import { createLog, createMetrics } from '#kernel/telemetry'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import { payByCards } from '../../services/cart/view.ts'
import { inventoryService } from '../../services/inventory/service.ts'
import { ordersService } from '../../services/orders/service.ts'
import { paymentsService } from '../../services/payments/service.ts'
import { pricingService } from '../../services/pricing/service.ts'
import type { Door } from './network.ts'
import { databaseSecret } from './postgres.ts'
import type { Scenario } from './scenario.ts'
import { type Life, lookingFor, type Timeline, within } from './timeline.ts'

/** A time limit that a run can wait for. */
const paymentTimeLimitMinutes = 2

/** The cart as the simulation feeds it to orders: what orders ask of the cart service, and nothing else. */
export type Snapshot = (input: Input<(typeof cart.operations)['snapshot']>) => Output<
  (typeof cart.operations)['snapshot']
>['cart'] & {
  readonly variants: Output<(typeof cart.operations)['snapshot']>['variants']
}

/** The services under simulation, and the cart that feeds them. */
export function servicesOf(adapter: () => PaymentProvider, cartOf: Snapshot): readonly AnyService[] {
  const feed = service({
    contract: contract('cart', { snapshot: cart.operations.snapshot }),
    settings: T.Object({}),
    calls: [pricing, payments],
    connections: null,
    migrations: null,
    start: async ({ client }) => {
      const prices = client(pricing)
      const { giftCardBalances } = client(payments)
      return {
        operations: {
          async snapshot(input) {
            const { variants, ...goods } = cartOf(input)
            const quoted = await prices.quote({
              market: goods.market,
              lines: goods.lines.map(({ id, variantId, productId, quantity }) => ({
                id,
                variantId,
                productId,
                categories: [],
                quantity,
                taxable: true,
                taxCode: null,
              })),
              couponCodes: goods.coupons.map(({ code }) => code),
              shipping: null,
              destination: { country: 'DE', region: null },
              customerKey: goods.email,
            })
            if (!quoted.ok) throw new Error(`simulation: no price: ${quoted.refusal.type}`)
            const quote = withShipping(quoted.value, { amount: 490, currency: 'EUR' })
            const price = { amount: 490, currency: 'EUR' }
            const giftCardIds = goods.giftCards.map(({ id }) => id)
            const found = await giftCardBalances({ giftCardIds, currency: goods.currency })
            if (!found.ok) throw new Error('simulation: nobody knows what is left on gift cards')
            const balances = new Map(found.value.items.map((one) => [one.giftCardId, one.balance.amount]))
            const { total } = quote.totals
            const giftCards = payByCards(goods.giftCards, total, balances)
            return ok({
              cart: { ...goods, giftCards, due: giftCards.reduce((due, { amount }) => subtract(due, amount), total) },
              quote,
              variants,
              shipping: { id: 'standard', name: 'Standard', price },
              customerId: null,
            })
          },
        },
      }
    },
  })
  return [ordersService, paymentsService(async () => [adapter()]), inventoryService, pricingService, feed]
}

const unused = (): never => {
  throw new Error('simulation: these services are asked for their contracts and migrations only')
}
/** The services as their contracts and migrations tell of them. */
export const simulatedServices = servicesOf(unused, unused)

const settingsOf = ({ capture }: Scenario): Record<string, unknown> => ({
  orders: { numberPrefix: 'S-', paymentTimeLimitMinutes },
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
})

// The registry of metrics watches the real process, so there is one for all runs.
const metrics = createMetrics()

/**
 * Starts a process with all services under simulation, as a host does but for its ports: calls and events come by the simulated
 * network, jobs and relays run by simulated time.
 * @param onTrouble told of each line of the log that is an error
 */
export async function startProcess(options: {
  readonly life: Life
  readonly scenario: Scenario
  readonly services: readonly AnyService[]
  readonly timeline: Timeline
  readonly databaseUrl: string
  readonly openPool: OpenPool
  readonly post: Ask
  readonly onTrouble: (line: string) => void
}): Promise<Door> {
  const { life, scenario, services, timeline } = options
  return within(life, async () => {
    const running = new Map<string, RunningService>()
    const remote = remoteMesh(options.post)
    const mesh: Mesh = scenario.together ? localMesh(running, remote) : remote
    const log = createLog({ level: 'error', redact: [], destination: { write: options.onTrouble } })
    const contracts: Contract[] = services.map((one) => one.contract)
    const settings = settingsOf(scenario)
    const started = await Promise.all(
      services.map((one) =>
        startService(
          one,
          {
            settings,
            shop: { name: 'Simulated shop', publicUrl: 'https://shop.example', demo: true },
            databases: oneDatabase(options.databaseUrl),
            dataFolder: '',
            secret: async (name) => `simulated-secret-of-32-characters-${name}`,
            environment: {},
            limitLoopback: false,
            log,
            metrics,
            openPool: options.openPool,
          },
          contracts,
          mesh,
          databaseSecret,
          [],
        ),
      ),
    )
    for (const one of started) running.set(one.definition.contract.name, one.running)
    const receive = createReceiver(started, sharedAnswers(), log)
    const contractOf = (name: string): Contract => contracts.find((one) => one.name === name) as Contract
    const deliver: Deliver = (subscriber, events) =>
      scenario.together
        ? receive(subscriber, events)
        : remote.deliver(contractOf(subscriber), events, Date.now() + 20_000)
    for (const one of started) {
      if (!one.events) continue
      const { name } = one.definition.contract
      const { events: source, log: itsLog } = one
      const relay = lookingFor(`${name} events`, () => startRelay({ service: name, source, deliver, log: itsLog }))
      one.relay.wake = relay.wake
      databaseFacts(one.db as Database).onPublished = relay.wake
    }
    for (const { definition, wiring } of started)
      for (const job of wiring.jobs ?? []) repeat(timeline, definition.contract.name, job, options.onTrouble)
    return { life, services: running, receive }
  })
}

const jobTimeoutMs = 30_000
const stopping = new AbortController().signal

/** A job looks for work again and again; while there is none, it may as well wait. */
function repeat(timeline: Timeline, name: string, job: Job, onTrouble: (line: string) => void): void {
  timeline.after(
    job.everyMs * (0.9 + 0.2 * Math.random()),
    () => {
      void withCall(serviceCall(name, { timeoutMs: Math.max(job.everyMs, jobTimeoutMs) }), () => job.run(stopping))
        .catch((error: Error) => onTrouble(JSON.stringify({ job: job.name, err: { message: error.message } })))
        .then(() => repeat(timeline, name, job, onTrouble))
    },
    { looksFor: `${name} ${job.name}` },
  )
}
