import { rm } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { version } from '../version.ts'
import { measureApart } from './apart.ts'
import { writeCatalog } from './catalog.ts'
import { deepPage, readGoods, type Staff, signIn } from './goods.ts'
import { importInto } from './import-into.ts'
import { prepareLimits } from './limits.ts'
import { writeOrders } from './many-orders.ts'
import { type Bench, measureRow, type RunOptions } from './measure-row.ts'
import { askForCounts, machineHere, peakMegabytes, residentMegabytes, withClient } from './meter.ts'
import { startOwnShop, untilQuiet } from './own-shop.ts'
import { goalsOf, type Report, type Row } from './report.ts'
import { countAnOrder, holdOne, sellOut, sellWhileImporting } from './selling.ts'
import { startDriver } from './workers.ts'

/** A shop with its goods that has just started again, where PostgreSQL counts statements. */
export async function startFilled(options: RunOptions) {
  const { products, orders, seed, dataFolder, onProgress } = options
  onProgress(`writing ${products} products`)
  const file = join(dataFolder, 'catalog.csv')
  await writeCatalog(file, { products, seed })
  onProgress('starting the shop')
  const first = await startOwnShop(options)
  await askForCounts(first.serverUrl)
  onProgress(`importing ${products} products`)
  const imported = await importInto(options, first, file)
  await rm(file)
  if (orders > 0) {
    onProgress(`writing ${orders} orders`)
    await withClient(first.databaseUrl, (client) => writeOrders(client, { orders, variants: orders }))
  }
  await first.stop()
  onProgress('starting the shop again')
  const shop = await startOwnShop(options)
  await untilQuiet(shop.pid)
  return { first, imported, shop }
}

/** From an empty folder to the report. */
export async function runBench(options: RunOptions): Promise<Report> {
  const { products, orders, seed, onProgress, ending } = options
  const loadBefore = loadavg()[0] ?? 0
  const beganAt = new Date().toISOString()
  const { first, imported, shop } = await startFilled(options)
  const productsASecond = products / imported.seconds
  const idle = await residentMegabytes(shop.pid)
  const staff = await signIn(shop)
  onProgress('reading what there is to buy')
  const goods = await readGoods(staff)
  const limitsUrl = await prepareLimits(shop.serverUrl)
  const driver = startDriver(ending)
  const {
    version: postgres,
    memory,
    ...measured
  } = await withClient(shop.databaseUrl, async (database) => {
    await database.query('create extension if not exists pg_stat_statements')
    const bench: Bench = { options, shop, driver, goods, limitsUrl, database, from: 0 }
    const rows = await measureAll(bench, staff)
    onProgress('counting the statements of an order')
    const order = await countAnOrder(bench)
    onProgress('holding one variant')
    const holds = await holdOne(bench, staff)
    onProgress('selling out')
    const rush = await sellOut(bench, staff)
    const [afterLoad, peak] = [await residentMegabytes(shop.pid), await peakMegabytes(shop.pid)]
    onProgress('selling while products are imported')
    const importing = await sellWhileImporting(bench, staff, productsASecond)
    const versions = await database.query<{ server_version: string }>('show server_version')
    return {
      rows,
      order,
      holds,
      rush,
      importing,
      memory: { idle, afterLoad, peak },
      version: versions.rows[0]?.server_version ?? '',
    }
  })
  await shop.stop()
  onProgress('starting each service by itself')
  const apart = await measureApart(options, driver, goods)
  const report = {
    version,
    beganAt,
    machine: { ...machineHere(), postgres, loadBefore },
    catalog: { products, seed, orders },
    rounds: options.rounds,
    secondsARound: options.seconds,
    firstStartMs: first.startedMs,
    secondStartMs: shop.startedMs,
    import: { ...imported, productsASecond },
    memory,
    apart,
    ...measured,
  }
  return { ...report, goals: goalsOf(report) }
}

async function measureAll(bench: Bench, staff: Staff): Promise<Row[]> {
  const rows: Row[] = []
  for (const scenario of bench.options.scenarios) {
    bench.options.onProgress(scenario.what)
    // The orders are those that the scenarios before it placed.
    const deepOrders =
      scenario.name === 'admin-orders-deep' ? await deepPage('/api/admin/orders?limit=50', staff.ask) : ''
    const deepened = { ...bench, goods: { ...bench.goods, deepOrders } }
    rows.push(await measureRow(deepened, scenario))
    bench.from = deepened.from
  }
  return rows
}
