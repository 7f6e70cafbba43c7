import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { writeCatalog } from './catalog.ts'
import { readGoods, signIn } from './goods.ts'
import { importInto } from './import-into.ts'
import { prepareLimits } from './limits.ts'
import { postgresMs, residentMegabytes, withClient } from './meter.ts'
import { type OwnShop, startOwnShop, untilQuiet } from './own-shop.ts'
import { type Budget, budgets, type Costs, exceeded, type Found, measureContract } from './performance-contract.ts'
import { testPlace } from './test-place.ts'
import { startBare, startDriver } from './workers.ts'

// Ratios of processor time within one run: a slower or a busier machine changes both sides. How many statements and commits an
// order may have, to the last one, is in test/statements.test.ts.

const isLinux = process.platform === 'linux'

test('the shop keeps its budgets, and one that works at least twice as much for each answer does not', {
  skip: !isLinux,
}, async (t) => {
  const where = await testPlace(t)
  const { dataFolder, ending } = where
  const file = join(dataFolder, 'catalog.csv')
  await writeCatalog(file, { products: 300, seed: 1 })

  const first = await startOwnShop(where)
  await importInto(where, first, file)
  await first.stop()
  const shop = await startOwnShop(where)
  const idle = await idleMegabytes(shop)
  const limitsUrl = await prepareLimits(shop.serverUrl)
  const answer = await fetch(`${shop.base}/api/products/bench-0`)
  const bytes = { type: answer.headers.get('content-type') ?? '', body: await answer.text() }
  assert.equal(answer.status, 200)
  const bare = await startBare({ '/bare': bytes }, ending)
  const driver = startDriver(ending)
  const measure = async (one: OwnShop, idle: number) =>
    measureContract({ shop: one, driver, goods: await readGoods(await signIn(one)), bare, limitsUrl, idle })

  const { found, costs } = await repeated(
    () => measure(shop, idle),
    Math.min,
    (least) => exceeded(least).length === 0,
  )
  t.diagnostic(JSON.stringify({ found, costs }))
  assert.deepEqual(exceeded(found), [])

  const rows = await rowsThatCost(costs.orderInPostgres, shop)
  await shop.stop()
  const slowed = await startOwnShop(where, slowDown(costs, rows))
  const idleTwice = await idleMegabytes(slowed)
  const twice = await repeated(
    () => measure(slowed, idleTwice),
    Math.max,
    (most) => exceeded(most).length === all.length,
  )
  t.diagnostic(JSON.stringify(twice))
  assert.deepEqual(
    exceeded(twice.found).map((line) => line.split(':')[0]),
    all,
    'a budget so wide that twice the work fits in has to come down',
  )
})

const all = Object.keys(budgets) as Budget[]

/** Of a shop that has just started, before anybody comes. */
async function idleMegabytes({ pid }: OwnShop): Promise<number> {
  await untilQuiet(pid)
  return residentMegabytes(pid)
}

type Measured = Awaited<ReturnType<typeof measureContract>>

const measurementsAtMost = 3

/** Measures again while it is not so: what else the machine does moves a ratio now and then, and a shop that got slower every time. */
async function repeated(
  measure: () => Promise<Measured>,
  choose: (...found: number[]) => number,
  isSo: (found: Found) => boolean,
): Promise<Measured> {
  let { found, costs } = await measure()
  for (let turn = 1; turn < measurementsAtMost && !isSo(found); turn++) {
    const again = await measure()
    const before = found
    const best = (name: Budget): number => choose(before[name], again.found[name])
    found = Object.fromEntries(all.map((name) => [name, best(name)])) as Found
    costs = again.costs
  }
  return { found, costs }
}

/** The address of a module that makes each answer cost once more what it cost. */
function slowDown({ kept, page, made, order, idle }: Costs, rows: number): string {
  const address = new URL(pathToFileURL(join(import.meta.dirname, 'slow-down.ts')))
  // Three requests sell.
  const milliseconds = { kept, page, made, order: order / 3 }
  for (const [name, ms] of Object.entries(milliseconds)) address.searchParams.set(name, String(Math.round(ms * 1_000)))
  address.searchParams.set('rows', String(rows))
  address.searchParams.set('megabytes', String(Math.round(idle)))
  return address.href
}

const probe = 100_000
const probes = 40

/** How many rows PostgreSQL has to count to use so much processor time. */
async function rowsThatCost(ms: number, { databaseUrl, postmaster }: OwnShop): Promise<number> {
  const before = await postgresMs(postmaster)
  await withClient(databaseUrl, async (client) => {
    for (let n = 0; n < probes; n++) await client.query(`select count(*) from generate_series(1, ${probe})`)
  })
  const each = ((await postgresMs(postmaster)) - before) / probes
  return Math.round((probe * ms) / each)
}
