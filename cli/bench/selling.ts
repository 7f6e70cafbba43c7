import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { writeCatalog } from './catalog.ts'
import { count, levelOf, type Staff } from './goods.ts'
import { importInto } from './import-into.ts'
import { type Bench, type Drivable, drive, type RunOptions } from './measure-row.ts'
import { costOfOrders, type OrderCost } from './order-cost.ts'
import { environmentOf, untilQuiet } from './own-shop.ts'
import type { Report } from './report.ts'
import { scenarios } from './scenarios.ts'
import { holdInOneProcess } from './workers.ts'

// What is found out of orders beside how many there are.

/** As many beside each other as when the most is looked for, so that what they share is shared. */
export const buyersCounted = scenarios.find(({ name }) => name === 'three-requests')?.atOnce ?? 1

/** What an order costs in the shop of one process, over as long as all rounds of a scenario take. */
export async function countAnOrder(bench: Bench): Promise<OrderCost> {
  const { database, options, shop } = bench
  await untilQuiet(shop.pid)
  return costOfOrders({ pids: [shop.pid], postmaster: shop.postmaster, database }, () =>
    drive(bench, 'three-requests', { atOnce: buyersCounted }, options.seconds * options.rounds),
  )
}

const holdersAtOnce = 128

/** How often one variant can be held, by callers in one process. */
export async function holdOne({ goods, shop, options }: Bench, staff: Staff): Promise<Report['holds']> {
  const dataFolder = join(options.dataFolder, 'holds')
  const variables = {
    ...environmentOf(dataFolder, 0),
    DATABASE_URL: shop.databaseUrl,
    STOA_SECRETS: join(options.dataFolder, 'secrets'),
    STOA_MIGRATE: 'off',
  }
  const before = await levelOf(goods.hot, staff)
  await count(goods.hot, before.onHand - before.available + 1_000_000, staff)
  const { held, refused, seconds, p50, p99 } = await holdInOneProcess(
    { variables, variantId: goods.hot, seconds: options.seconds, atOnce: holdersAtOnce },
    options.ending,
  )
  if (refused > 0) throw new Error(`bench: ${refused} holds were refused of what is there`)
  return { aSecond: held / seconds, p50, p99 }
}

const rushUnits = 40
const rushBuyers = 200

/** Five times as many buyers as there are units, all at once. */
export async function sellOut(bench: Bench, staff: Staff): Promise<Report['rush']> {
  const { hot } = bench.goods
  const before = await levelOf(hot, staff)
  await count(hot, before.onHand - before.available + rushUnits, staff)
  const { visits } = await drive(bench, 'hot-item', { atOnce: 32 }, 60, rushBuyers)
  const { available } = await levelOf(hot, staff)
  return { units: rushUnits, buyers: rushBuyers, placed: visits, left: available }
}

const buyersASecond = 100
const lookEveryMs = 50
type Imports = { readonly items: readonly { readonly id: string; readonly productsCreated: number }[] }

/**
 * How long they wait who buy by chance, by themselves and then while products come in.
 * @param before how many products a second were imported where nobody bought: as many as take longer now than the buyers come for
 * @returns with how many products a second came into the catalog while they bought
 */
export async function sellWhileImporting(
  bench: Drivable & {
    readonly options: Pick<RunOptions, 'dataFolder' | 'port' | 'ending' | 'seed' | 'products' | 'seconds' | 'rounds'>
  },
  { ask }: Staff,
  before: number,
): Promise<Report['importing']> {
  const { options, shop } = bench
  const { dataFolder, seed } = options
  const seconds = options.seconds * options.rounds
  // Of the first one the rush before has left nothing.
  const goods = { ...bench.goods, variants: bench.goods.variants.slice(1) }
  const buy = async () => {
    const { latency, failed } = await drive({ ...bench, goods }, 'three-requests', { aSecond: buyersASecond }, seconds)
    return { p50: latency.p50, p99: latency.p99, failed }
  }
  const file = join(dataFolder, 'more.csv')
  await writeCatalog(file, { products: Math.ceil(before * seconds), seed, from: options.products })
  await untilQuiet(shop.pid)
  const alone = await buy()
  const newest = async () => (await ask<Imports>('GET', '/api/admin/imports?limit=1')).items[0]
  const last = await newest()
  const written = async (): Promise<number> => {
    const one = await newest()
    return one && one.id !== last?.id ? one.productsCreated : 0
  }
  let isOver = false
  const importing = importInto(options, shop, file).finally(() => {
    isOver = true
  })
  /** From the first that are written on: before that the file is sent and read, which holds nobody up. */
  const buyMeanwhile = async () => {
    let from = 0
    while (from === 0 && !isOver) {
      await pause(lookEveryMs)
      from = await written()
    }
    const since = performance.now()
    const meanwhile = await buy()
    return { meanwhile, productsASecond: (((await written()) - from) / (performance.now() - since)) * 1_000 }
  }
  const [found] = await Promise.all([buyMeanwhile(), importing])
  return { aSecond: buyersASecond, alone, ...found }
}
