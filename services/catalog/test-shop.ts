import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { stringify } from 'csv-stringify/sync'
import T from 'typebox'
import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { productChanged, productRetired } from '#events/catalog'
import type { Accepted, Output, Refused } from '#kernel/contract'
import { contract } from '#kernel/contract'
import { oneDatabase } from '#kernel/database-address'
import type { EventEnvelope } from '#kernel/event'
import { type Host, startHost } from '#kernel/host'
import { on } from '#kernel/inbox'
import { service } from '#kernel/service'
import { createLog, createMetrics } from '#kernel/telemetry'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from '../inventory/service.ts'
import { pricingService } from '../pricing/service.ts'
import { catalogService } from './service.ts'

const market = (code: string, currency: string, taxIncluded: boolean) => ({
  code,
  name: code,
  currency,
  locale: 'en-IE',
  countries: ['DE'],
  taxIncluded,
  taxZones: [],
})

export const testSettings = {
  pricing: { markets: [market('eu', 'EUR', true), market('us', 'USD', false), market('jp', 'JPY', true)] },
  inventory: { lowStock: 5 },
  catalog: { lowStock: 5 },
}

/** Listens to what catalog tells, as search does, and writes down what it heard. */
function listener(heard: EventEnvelope[]) {
  return service({
    contract: contract('listener', {}, { subscribes: [productChanged, productRetired] }),
    settings: T.Object({}),
    connections: 1,
    migrations: import.meta.dirname,
    start: async () => ({
      operations: {},
      subscriptions: [
        on(productChanged, async (_, event) => void heard.push(event)),
        on(productRetired, async (_, event) => void heard.push(event)),
      ],
    }),
  })
}

const clientsOf = (host: Pick<Host, 'client'>) => ({
  catalog: host.client(catalog),
  pricing: host.client(pricing),
  inventory: host.client(inventory),
})

export type TestShop = TestHost & ReturnType<typeof clientsOf> & { readonly heard: EventEnvelope[] }

/** Catalog with the real pricing and inventory beside it. */
export async function startShop(options: Parameters<typeof startTestHost>[1] = {}): Promise<TestShop> {
  const heard: EventEnvelope[] = []
  const host = await startTestHost([catalogService, pricingService, inventoryService, listener(heard)], {
    settings: testSettings,
    ...options,
  })
  return { ...host, ...clientsOf(host), heard }
}

/** Where a shop is, for several processes that open it one after the other or at the same time. */
export type Place = { readonly databaseUrl: string; readonly dataFolder: string }

/** Opens the shop at a place, which stays when it stops. */
export async function openShop({ databaseUrl, dataFolder }: Place): Promise<Host & ReturnType<typeof clientsOf>> {
  const services = [catalogService, pricingService, inventoryService]
  const host = await startHost({
    services,
    hosted: new Set(services.map(({ contract: { name } }) => name as string)),
    settings: testSettings,
    shop: { name: 'Test shop', publicUrl: 'http://127.0.0.1', demo: true },
    databases: async () => oneDatabase(databaseUrl),
    dataFolder,
    secret: async (name) => `test-secret-of-32-characters-or-so-${name}`,
    environment: async () => ({}),
    urlOf: () => undefined,
    shape: 'plain',
    limitLoopback: false,
    internal: { host: '127.0.0.1', port: 0 },
    edge: null,
    log: createLog({ level: process.env.STOA_TEST_LOG ?? 'silent', redact: [] }),
    metrics: createMetrics(),
  })
  return { ...host, ...clientsOf(host) }
}

/** The value of an answer that must have gone well. */
export function accepted<V>(outcome: Accepted<V> | Refused): V {
  if (!outcome.ok) assert.fail(`${outcome.refusal.type}: ${outcome.refusal.detail}`)
  return outcome.value
}

export type Report = Output<(typeof catalog.operations)['import']>
export type RejectedRow = Output<(typeof catalog.operations)['importRejections']>['items'][number]

/** Uploads a file in parts of `partCharacters`, lets it be read and waits for the end. */
export async function importFile(
  shop: Pick<TestShop, 'catalog'>,
  text: string,
  options: { market?: string; partCharacters?: number; timeoutMs?: number } = {},
): Promise<{ report: Report; rejected: RejectedRow[] }> {
  const { id } = accepted(
    await shop.catalog.createImport({ fileName: 'goods.csv', ...(options.market ? { market: options.market } : {}) }),
  )
  const size = options.partCharacters ?? 300_000
  for (let part = 0; part * size < Math.max(text.length, 1); part++) {
    const rawBody = text.slice(part * size, (part + 1) * size)
    accepted(await shop.catalog.putImportPart({ importId: id, part, rawBody, headers: {} }))
  }
  accepted(await shop.catalog.startImport({ importId: id }))
  return { report: await ended(shop, id, options.timeoutMs), rejected: await rejectedRows(shop, id) }
}

export async function ended(shop: Pick<TestShop, 'catalog'>, importId: string, timeoutMs = 60_000): Promise<Report> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; await pause(20)) {
    const report = accepted(await shop.catalog.import({ importId }))
    if (report.state === 'done' || report.state === 'failed') return report
  }
  assert.fail('the import did not end')
}

/** All items of a list, page after page. */
async function everyPage<I>(
  ask: (cursor: { cursor?: string }) => Promise<{ readonly items: readonly I[]; readonly nextCursor: string | null }>,
): Promise<I[]> {
  const items: I[] = []
  for (let cursor: { cursor?: string } | null = {}; cursor !== null; ) {
    const page: Awaited<ReturnType<typeof ask>> = await ask(cursor)
    items.push(...page.items)
    cursor = page.nextCursor === null ? null : { cursor: page.nextCursor }
  }
  return items
}

export const rejectedRows = (shop: Pick<TestShop, 'catalog'>, importId: string): Promise<RejectedRow[]> =>
  everyPage(async (cursor) => accepted(await shop.catalog.importRejections({ importId, limit: 50, ...cursor })))

export const allProducts = (shop: Pick<TestShop, 'catalog'>) =>
  everyPage(async (cursor) => accepted(await shop.catalog.scan(cursor)))

export async function exportFile(shop: Pick<TestShop, 'catalog'>, market?: string): Promise<string> {
  const pages = await everyPage(async (cursor) => {
    const { csv, nextCursor } = accepted(
      await shop.catalog.exportProducts({ ...(market ? { market } : {}), ...cursor }),
    )
    return { items: [csv], nextCursor }
  })
  return pages.join('')
}

/** The product of a handle as staff see it, with prices and stock; fails when there is none. */
export async function productOf(shop: Pick<TestShop, 'catalog'>, handle: string) {
  const found = (await allProducts(shop)).find((product) => product.handle === handle)
  if (!found) assert.fail(`there is no product ${handle}`)
  return accepted(await shop.catalog.adminProduct({ productId: found.id }))
}

/** A product file of these rows; its columns are those that one of them has. */
export function csvOf(rows: readonly Readonly<Record<string, string>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return stringify([columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))])
}

let handles = 0
/** A handle of this test's own. */
export const handleFor = (name = 'cup'): string => `${name}-${++handles}`

/** Some of an object's fields. */
export const pick = <K extends string>(value: Readonly<Record<K, unknown>>, ...keys: K[]) =>
  Object.fromEntries(keys.map((key) => [key, value[key]]))

/** Products created, changed and unchanged, and rows rejected. */
export const counts = (report: Report): number[] => [
  report.productsCreated,
  report.productsChanged,
  report.productsUnchanged,
  report.rowsRejected,
]

/** The units on hand of each variant, as they were counted. */
export async function onHand(
  shop: Pick<TestShop, 'inventory'>,
  variantIds: readonly string[],
): Promise<(number | undefined)[]> {
  const { items } = accepted(await shop.inventory.levelsOf({ variantIds }))
  return variantIds.map((id) => items.find(({ variantId }) => variantId === id)?.onHand)
}
