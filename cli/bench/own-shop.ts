import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { inDatabase } from '#kernel/database-address'
import type { Ending } from '../ending.ts'
import { processorMs } from './meter.ts'

/** A shop of the bench's own: `stoa start` in a process of its own, with all services and its own PostgreSQL. */
export type OwnShop = {
  readonly base: string
  readonly pid: number
  readonly postmaster: number
  /** Signs in as the superuser, to the database of the server's own and to the shop's. */
  readonly serverUrl: string
  readonly databaseUrl: string
  /** From the command to the first product list. */
  readonly startedMs: number
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..', '..')
export const program = join(root, 'cli', 'stoa.ts')
export const staff = { email: 'owner@bench.example', password: 'a staff password for the bench' }
/** The first start makes a cluster, and a busy machine takes its time. */
const startWithinMs = 180_000

/** What every program needs, and nothing of the environment in which somebody's own shop may run: the bench must not find that one. */
export const plainVariables = (): Record<string, string> =>
  Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

export function environmentOf(dataFolder: string, port: number): Record<string, string> {
  return {
    ...plainVariables(),
    // As `npx stoa` has them: without the first, each start strips the types again.
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/stoa'),
    MALLOC_ARENA_MAX: '1',
    NODE_OPTIONS: '--max-semi-space-size=16',
    HOST: '127.0.0.1',
    PORT: String(port),
    STOA_DATA: dataFolder,
    STOA_DEMO: 'off',
    STOA_LOG: 'silent',
    STOA_ADMIN_EMAIL: staff.email,
    STOA_ADMIN_PASSWORD: staff.password,
  }
}

export type Where = { readonly dataFolder: string; readonly port: number; readonly ending: Ending }

/** @param preload a module that the shop's process loads before all others */
export async function startOwnShop({ dataFolder, port, ending }: Where, preload?: string): Promise<OwnShop> {
  const base = `http://127.0.0.1:${port}`
  const since = performance.now()
  const shop = spawn(process.execPath, [...(preload ? ['--import', preload] : []), program, 'start'], {
    env: environmentOf(dataFolder, port),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const stop = (): Promise<void> => stopProcess(shop)
  ending.add(stop)
  while (!(await answers(`${base}/api/products?limit=1`))) {
    if (shop.exitCode !== null) throw new Error(`bench: the shop ended with status ${shop.exitCode}`)
    if (performance.now() - since > startWithinMs) throw new Error('bench: the shop did not start')
    await pause(5)
  }
  const startedMs = performance.now() - since
  const { pid, url } = await postgresOf(dataFolder)
  return {
    base,
    pid: shop.pid as number,
    postmaster: pid,
    serverUrl: url,
    databaseUrl: inDatabase(url, 'stoa'),
    startedMs,
    stop,
  }
}

type PostgresAddress = { readonly pid: number; readonly url: string }

const postgresOf = async (dataFolder: string): Promise<PostgresAddress> =>
  JSON.parse(await readFile(join(dataFolder, 'postgres.json'), 'utf8')) as PostgresAddress

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    async (answer) => {
      await answer.arrayBuffer()
      return answer.ok
    },
    () => false,
  )

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** Below it a process only looks whether there is something to do. */
const quietShare = 0.15
const quietWithinMs = 600_000

/** Waits until what the shop does by itself after a start or an import is done, by its processor time. */
export async function untilQuiet(pid: number): Promise<void> {
  const until = performance.now() + quietWithinMs
  for (let quiet = 0; quiet < 3 && performance.now() < until; ) {
    const [before, since] = [await processorMs(pid), performance.now()]
    await pause(500)
    const share = ((await processorMs(pid)) - before) / (performance.now() - since)
    quiet = share < quietShare ? quiet + 1 : 0
  }
}
