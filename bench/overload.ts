import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fillShelves, loadOn, quantile, type Seen } from './load.ts'

// What a shop does when more comes than it can serve. Finds how much a shop of its own sells and shows at most, then offers
// once, twice and five times that, by a clock that does not wait for answers. Talks to 127.0.0.1 only, and stops by itself.

const root = join(import.meta.dirname, '..')
const port = Number(process.env.BENCH_PORT ?? 4_330)
const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const base = `http://127.0.0.1:${port}`
const multiples = [1, 2, 5]
/** What is sold at most is found by ever more of them: a few wait for each other, and more share more statements. */
const shoppersAtOnce = [24, 48, 96] as const
const staff = { email: 'owner@bench.example', password: 'an owner for the bench' }
const { send, sell, offer, readGoods, close } = loadOn(base)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function within(values: readonly number[], part: number): string {
  const value = quantile(values, part)
  return value === undefined ? '–' : `${value.toFixed(0)} ms`
}

let counted = process.cpuUsage()
/** Cores that the load itself took since this was asked last: the shop has the machine's less these. */
function ownCores(): string {
  const { user, system } = process.cpuUsage(counted)
  counted = process.cpuUsage()
  return ((user + system) / 1e6 / seconds).toFixed(2)
}

function report(name: string, seen: Seen): void {
  const each = (count: number): string => (count / seconds).toFixed(0)
  say(
    `${name}: ${each(seen.orders)} orders/s, ${each(seen.pages)} pages/s; turned away ${each(seen.turnedAway)}/s in ${within(seen.turnAwayMs, 0.5)} (p99 ${within(seen.turnAwayMs, 0.99)}); checkout p50 ${within(seen.checkoutMs, 0.5)}, p99 ${within(seen.checkoutMs, 0.99)}; page p99 ${within(seen.pageMs, 0.99)}; the load itself took ${ownCores()} cores; failed ${seen.failed} ${[...seen.failures].map(([what, n]) => `${n} × ${what}`).join(', ')}`,
  )
}

/** A shop that is not seeding any more: started a second time. */
async function startShop(dataFolder: string): Promise<ChildProcess> {
  const start = async (isThere: (items: number) => boolean): Promise<ChildProcess> => {
    const shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start'], {
      env: {
        ...process.env,
        PORT: String(port),
        STOA_DATA: dataFolder,
        STOA_LOG: 'silent',
        STOA_ADMIN_EMAIL: staff.email,
        STOA_ADMIN_PASSWORD: staff.password,
      },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    for (;;) {
      const answer = await send('GET', '/api/products?limit=100').catch(() => null)
      if (answer?.status === 200 && isThere((answer.body as unknown as { items: unknown[] }).items.length)) return shop
      if (shop.exitCode !== null) throw new Error('the shop did not start')
      await pause(200)
    }
  }
  const first = await start((items) => items >= 60)
  await pause(5_000)
  await stop(first)
  return start(() => true)
}

async function stop(shop: ChildProcess): Promise<void> {
  const exited = once(shop, 'exit')
  shop.kill('SIGTERM')
  await exited
}

async function main(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-overload-'))
  say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; the load runs on the same machine`)
  const shop = await startShop(dataFolder)
  try {
    await pause(3_000)
    const goods = await readGoods()
    await fillShelves(base, staff, goods.variants)
    await sell(goods, seconds, shoppersAtOnce[0])
    const sold: Seen[] = []
    for (const shoppers of shoppersAtOnce) {
      ownCores()
      const seen = await sell(goods, seconds, shoppers)
      report(`${shoppers} shoppers at once`, seen)
      sold.push(seen)
    }
    const limit = sold.reduce((most, seen) => (seen.orders > most.orders ? seen : most))
    const limits = limit.orders / seconds
    for (const multiple of multiples) {
      ownCores()
      const seen = await offer(goods, limits * multiple, seconds)
      report(`${multiple} × ${limits.toFixed(0)} orders/s offered`, seen)
      say(
        `  orders ${(seen.orders / limit.orders).toFixed(2)}, pages ${(seen.pages / limit.pages).toFixed(2)} of the limit`,
      )
      await pause(2_000)
    }
  } finally {
    await stop(shop)
    await close()
    await rm(dataFolder, { recursive: true, force: true })
  }
}

await main()
