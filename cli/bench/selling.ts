import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { count, levelOf, type Staff } from './goods.ts'
import { type Bench, drive } from './measure-row.ts'
import { countsOf } from './meter.ts'
import { environmentOf, untilQuiet } from './own-shop.ts'
import type { Report } from './report.ts'
import { holdInOneProcess } from './workers.ts'

// What is found out of orders beside how many there are.

const ordersCounted = 200
const idleMs = 3_000

/** Statements and commits an order while many buy, its events among it; what the shop does by itself in that time is taken off. */
export async function countAnOrder(bench: Bench): Promise<Report['order']> {
  const { database, shop } = bench
  const counted = async <R>(work: () => Promise<R>) => {
    const [before, since] = [await countsOf(database), performance.now()]
    const result = await work()
    const after = await countsOf(database)
    const ms = performance.now() - since
    return { result, ms, statements: after.statements - before.statements, commits: after.commits - before.commits }
  }
  await untilQuiet(shop.pid)
  const idle = await counted(() => pause(idleMs))
  const busy = await counted(async () => {
    const { visits } = await drive(bench, 'three-requests', { atOnce: 8 }, 60, ordersCounted)
    await untilQuiet(shop.pid)
    return visits
  })
  const share = busy.ms / idle.ms
  return {
    statements: (busy.statements - idle.statements * share) / busy.result,
    commits: (busy.commits - idle.commits * share) / busy.result,
  }
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
