import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { inDatabase } from '#kernel/database-address'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { machineHere, withClient } from '../../cli/bench/meter.ts'
import { stopProcess } from '../../cli/bench/own-shop.ts'
import { asked } from '../../cli/bench/workers.ts'
import { postmasterOf } from '../../cli/chaos/system.ts'
import { type Ending, endOnSignal, openEnding } from '../../cli/ending.ts'
import { freePorts } from '../../cli/free-ports.ts'
import { complain, say, startProgress } from '../../cli/terminal.ts'
import { askedOf, cellsOf, productsOf } from './catalog.ts'
import type { Work, Worked } from './driver.ts'
import { type Found, measureShop, type Options } from './measure.ts'
import { medusa } from './medusa/shop.ts'
import { redisVersion, startRedis } from './redis.ts'
import { linesOf, markdownOf, type Report } from './report.ts'
import type { Place, Shop } from './shop.ts'
import { stoa } from './stoa/shop.ts'
import { vendure } from './vendure/shop.ts'
import type { ShopName } from './visits.ts'

// Stoa, Medusa and Vendure side by side: the same goods, the same visits, the same machine, one after another. Installs the peers
// from npm into a folder outside of the repository, talks to 127.0.0.1 only otherwise, and stops by itself.

const shops: Readonly<Record<ShopName, { open: (place: Place) => Shop; usesRedis: boolean }>> = {
  stoa: { open: stoa, usesRedis: false },
  medusa: { open: medusa, usesRedis: true },
  vendure: { open: vendure, usesRedis: true },
}
const shopNames = Object.keys(shops) as ShopName[]

type Run = {
  readonly options: Options
  readonly names: readonly ShopName[]
  /** Where the peers' packages are kept. */
  readonly folder: string
  readonly out: string
  /** Whether somebody wants to make the machine quiet once a shop is full. */
  readonly waits: boolean
}

function readRun(): Run {
  const { values } = parseArgs({
    options: {
      products: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      visitors: { type: 'string', default: '16' },
      buyers: { type: 'string', default: '400' },
      only: { type: 'string', default: shopNames.join() },
      folder: { type: 'string', default: join(tmpdir(), 'stoa-peers') },
      out: { type: 'string', default: 'bench-report' },
      wait: { type: 'boolean', default: false },
    },
  })
  const number = (
    name: 'products' | 'seed' | 'seconds' | 'rounds' | 'visitors' | 'buyers',
    least: number,
    most: number,
  ) => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < least || value > most)
      throw new Error(`--${name} is "${values[name]}", but must be a whole number from ${least} to ${most}`)
    return value
  }
  const names = values.only.split(',').map((name) => name.trim())
  for (const name of names)
    if (!(shopNames as string[]).includes(name))
      throw new Error(`there is no "${name}"; there are ${shopNames.join(', ')}`)
  return {
    options: {
      products: number('products', 100, 100_000),
      seed: number('seed', 0, 4_294_967_295),
      seconds: number('seconds', 1, 600),
      rounds: number('rounds', 1, 50),
      visitors: number('visitors', 1, 256),
      buyers: number('buyers', 1, 500),
    },
    names: names as ShopName[],
    folder: resolve(values.folder),
    out: resolve(values.out),
    waits: values.wait,
  }
}

type Machinery = {
  readonly run: Run
  readonly serverUrl: string
  readonly postmaster: number
  readonly driver: (work: Work) => Promise<Worked>
  readonly redis: string | null
  readonly folder: string
  readonly ending: Ending
  readonly onProgress: (step: string) => void
}

/** From an empty database to its figures, and nothing of it runs any more. */
async function measureOne(name: ShopName, machinery: Machinery): Promise<Found> {
  const { run, serverUrl, postmaster, driver, ending, onProgress } = machinery
  const folder = join(machinery.folder, name)
  const installed = join(run.folder, name)
  await mkdir(folder)
  const redis =
    shops[name].usesRedis && machinery.redis ? await startRedis(folder, join(folder, 'redis.log'), ending) : null
  const [port, workerPort] = (await freePorts(2)) as [number, number]
  const databaseUrl = await createDatabase(serverUrl, `peer_${name}`)
  const place: Place = {
    databaseUrl,
    redisUrl: redis?.url ?? null,
    installed,
    folder,
    port,
    workerPort,
    ending,
    onProgress,
  }
  const shop = shops[name].open(place)
  const [beganAt, loadBefore] = [new Date().toISOString(), loadavg()[0] ?? 0]
  const cells = cellsOf(run.options.products, run.options.seed)
  const since = performance.now()
  await shop.fill(cells)
  const fillSeconds = (performance.now() - since) / 1_000
  if (run.waits) await untilTold(name, onProgress)
  onProgress(`starting ${name} again`)
  const running = await shop.start()
  const wares = await running.readWares(askedOf(productsOf(cells)))
  const measured = await withClient(databaseUrl, async (database) => {
    await database.query('create extension if not exists pg_stat_statements')
    const pids = [...running.pids, ...(redis ? [redis.pid] : [])]
    return measureShop({ shop, running, pids, postmaster, database, driver, options: run.options, onProgress }, wares)
  })
  await running.stop()
  await redis?.stop()
  const { version, configured } = shop
  return { name, version, configured, beganAt, loadBefore, fillSeconds, startMs: running.startedMs, ...measured }
}

async function untilTold(name: ShopName, onProgress: (step: string) => void): Promise<void> {
  onProgress(`${name} is full: press Enter when the machine is quiet`)
  const terminal = createInterface({ input: process.stdin })
  await Promise.race([once(terminal, 'line'), once(terminal, 'close')])
  terminal.close()
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(serverUrl, (client) => client.query(`create database ${name}`))
  return inDatabase(serverUrl, name)
}

/** A shop with many different statements must not push out what was counted. */
const statementsCounted = 50_000

/** Every shop comes to it over TCP, since not every one's driver knows a Unix socket. */
async function startServer(dataFolder: string, ending: Ending): Promise<{ serverUrl: string; postmaster: number }> {
  const settings = {
    shared_preload_libraries: 'pg_stat_statements',
    'pg_stat_statements.max': statementsCounted,
  }
  const postgres = await startEmbeddedPostgres({ dataFolder, settings })
  ending.add(postgres.stop)
  const url = new URL(postgres.url)
  url.search = ''
  return { serverUrl: url.href, postmaster: await postmasterOf(dataFolder) }
}

function startDriver(ending: Ending): Machinery['driver'] {
  const child = fork(join(import.meta.dirname, 'driver.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  ending.add(() => stopProcess(child))
  return (work) => asked<Worked>(child, work)
}

const reportFile = 'peers.json'

/** What an earlier run of the same options has found of shops that this one leaves out. */
async function earlier({ out, options, names }: Run): Promise<readonly Found[]> {
  const text = await readFile(join(out, reportFile), 'utf8').catch(() => null)
  const report = text === null ? null : (JSON.parse(text) as Report)
  if (!report || JSON.stringify(report.options) !== JSON.stringify(options)) return []
  return report.shops.filter(({ name }) => !names.includes(name))
}

async function compare(run: Run, ending: Ending, onProgress: (step: string) => void): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-compare-'))
  ending.add(() => rm(folder, { recursive: true, force: true }))
  onProgress('starting PostgreSQL')
  const server = await startServer(join(folder, 'postgres'), ending)
  const redis = await redisVersion()
  const machinery = { ...server, run, redis, folder, ending, onProgress, driver: startDriver(ending) }
  const machine = await machineOf(server.serverUrl, redis)
  const found = [...(await earlier(run))]
  const report = (): Report => ({
    machine,
    options: run.options,
    shops: shopNames.flatMap((name) => found.filter((shop) => shop.name === name)),
  })
  for (const name of run.names) {
    found.push(await measureOne(name, machinery))
    // What has taken minutes is kept, whatever becomes of the next one.
    await write(run.out, report())
  }
  return report()
}

async function machineOf(serverUrl: string, redis: string | null): Promise<Report['machine']> {
  const { rows } = await withClient(serverUrl, (client) =>
    client.query<{ server_version: string }>('show server_version'),
  )
  return { ...machineHere(), postgres: rows[0]?.server_version ?? '', redis }
}

async function write(out: string, report: Report): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(join(out, reportFile), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(out, 'peers.md'), markdownOf(report))
}

async function main(): Promise<void> {
  const run = readRun()
  const ending = openEnding((error) => complain(error.message))
  endOnSignal(ending)
  const progress = startProgress()
  try {
    const report = await compare(run, ending, progress.step)
    progress.end()
    for (const line of linesOf(report)) say(line)
    say(`\n${reportFile}, peers.md in ${run.out}`)
  } finally {
    progress.end()
    await ending.end()
  }
}

await main().catch((error: Error) => {
  complain(error.message)
  process.exitCode = 1
})
