import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findHaproxy } from '../cluster/balancer.ts'
import type { Ending } from '../ending.ts'
import { writeCatalog } from './catalog.ts'
import { measureCopies } from './copies.ts'
import { readGoods, type Staff, signIn } from './goods.ts'
import { importInto } from './import-into.ts'
import { ownMegabytes, postgresMs, processorMs } from './meter.ts'
import { type OwnShop, startOwnShop, untilQuiet } from './own-shop.ts'
import type { Goods, VisitName } from './visits.ts'
import { type Driver, startDriver } from './workers.ts'

// How work grows with what there is: each figure at some sizes, processor time of shop and PostgreSQL together.

export type Point = { readonly size: number; readonly value: number }
export type Curve = {
  readonly name: string
  readonly of: 'products' | 'lines in a cart' | 'promotions' | 'copies'
  readonly unit: 'ms' | 'MB' | 's' | 'a second'
  readonly points: readonly Point[]
  /** k, where the last step grows as size to the power of k: 0 is constant, 1 is linear. */
  readonly exponent: number
}

export type ScaleOptions = {
  /** The largest catalog; the others are a thousand and each power of ten between. */
  readonly products: number
  readonly seed: number
  readonly seconds: number
  readonly dataFolder: string
  readonly port: number
  readonly ending: Ending
  readonly onProgress: (step: string) => void
}

const cartSizes = [1, 10, 50, 100, 200]
const promotionCounts = [0, 10, 100, 1_000]

export type Sample = Omit<Curve, 'points' | 'exponent'> & Point

export async function measureScale(options: ScaleOptions): Promise<Curve[]> {
  // What is missing is said before anything is measured.
  await findHaproxy()
  const sizes: number[] = []
  for (let size = 1_000; size < options.products; size *= 10) sizes.push(size)
  sizes.push(options.products)
  const samples: Sample[] = []
  for (const size of sizes) samples.push(...(await measureCatalog(options, size, size === sizes[0])))
  const names = [...new Set(samples.map(({ name }) => name))]
  return names.map((name) => curveOf(samples.filter((one) => one.name === name)))
}

function curveOf(samples: readonly Sample[]): Curve {
  const { name, of, unit } = samples[0] as Sample
  const points = samples.map(({ size, value }) => ({ size, value }))
  return { name, of, unit, points, exponent: exponentOf(points) }
}

/** Of the last step, where what is constant weighs least. */
export function exponentOf(points: readonly Point[]): number {
  const [before, last] = points.slice(-2)
  if (!before || !last || before.size === 0 || before.value <= 0) return 0
  return Math.log(last.value / before.value) / Math.log(last.size / before.size)
}

/** A shop with a catalog of `size`; the smallest is also the one in which carts, promotions and copies grow. */
async function measureCatalog(options: ScaleOptions, size: number, withCarts: boolean): Promise<Sample[]> {
  const { seed, onProgress, ending } = options
  const dataFolder = join(options.dataFolder, `products-${size}`)
  const where = { ...options, dataFolder }
  const file = join(options.dataFolder, 'catalog.csv')
  const sample = (name: string, unit: Curve['unit'], value: number): Sample => ({
    name,
    of: 'products',
    unit,
    size,
    value,
  })
  onProgress(`importing ${size} products`)
  await writeCatalog(file, { products: size, seed })
  const first = await startOwnShop(where)
  const imported = await importInto(where, first, file)
  await first.stop()
  const shop = await startOwnShop(where)
  await untilQuiet(shop.pid)
  const idle = await ownMegabytes(shop.pid)
  const staff = await signIn(shop)
  const bench = { shop, driver: startDriver(ending), goods: await readGoods(staff), seconds: options.seconds }
  const samples = [
    sample('import', 's', imported.seconds),
    sample('most own memory while importing', 'MB', imported.peakMegabytes),
    sample('own memory after a start', 'MB', idle),
    sample('start to the first answer', 's', shop.startedMs / 1_000),
  ]
  const looked: readonly VisitName[] = ['detail', 'category', 'facets', 'search', 'page-cold', 'admin-products-deep']
  for (const visit of looked) {
    onProgress(`${visit} of ${size} products`)
    samples.push(sample(visit, 'ms', await costOf(bench, visit)))
  }
  samples.push(sample('own memory after looking', 'MB', await ownMegabytes(shop.pid)))
  if (withCarts) samples.push(...(await measureCarts(bench, staff, onProgress)))
  await shop.stop()
  if (withCarts) samples.push(...(await measureCopies(options, dataFolder, bench.driver, bench.goods)))
  await rm(dataFolder, { recursive: true })
  return samples
}

type Bench = {
  readonly shop: OwnShop
  readonly driver: Driver
  readonly goods: Goods
  readonly seconds: number
}

async function measureCarts(bench: Bench, staff: Staff, onProgress: (step: string) => void): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const size of cartSizes) {
    onProgress(`carts of ${size} lines`)
    const goods = { ...bench.goods, linesACart: size }
    const value = await costOf({ ...bench, goods }, 'basket')
    samples.push({ name: 'order of many lines', of: 'lines in a cart', unit: 'ms', size, value })
  }
  let there = 0
  for (const size of promotionCounts) {
    onProgress(`${size} promotions`)
    for (; there < size; there++) await promote(there, staff)
    const value = await costOf(bench, 'cart')
    samples.push({ name: 'cart under many promotions', of: 'promotions', unit: 'ms', size, value })
  }
  return samples
}

/** One that applies by itself and never does: each is looked at, and no price changes. */
const promote = (n: number, { ask }: Staff): Promise<unknown> =>
  ask('POST', '/api/admin/promotions', {
    label: `Promotion ${n}`,
    code: null,
    kind: 'percentage',
    rate: 100_000,
    amounts: {},
    minimums: { eu: 100_000_000 + n },
    categories: [],
    startsAt: null,
    endsAt: null,
    usageLimit: null,
    usageLimitPerCustomer: null,
    active: true,
  })

const atOnce = 4
const warmUpSeconds = 2
/** A large shop reads what it keeps of its products before it answers the first ones. */
const warmUpsAtMost = 15

/** Processor milliseconds of a visit, shop and PostgreSQL, once the way is warm. */
async function costOf({ shop, driver, goods, seconds }: Bench, visit: VisitName): Promise<number> {
  const run = (from: number, lasts: number) =>
    driver({ base: shop.base, visit, goods, seconds: lasts, load: { atOnce }, from })
  let from = 0
  for (let turn = 0, answered = 0; turn < warmUpsAtMost && answered === 0; turn++) {
    const { visits, failed } = await run(from, warmUpSeconds)
    from += visits + failed
    answered = visits
  }
  const used = async (): Promise<number> => (await processorMs(shop.pid)) + (await postgresMs(shop.postmaster))
  const before = await used()
  const { visits, failures } = await run(from, seconds)
  if (visits === 0) throw new Error(`bench: ${visit}: ${JSON.stringify(failures)}`)
  return ((await used()) - before) / visits
}
