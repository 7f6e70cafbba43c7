import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { inDatabase } from '#kernel/database-address'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { mayBecome, ordersOf } from '../audit.ts'
import { check, type Fault, type Finding, type Stage } from '../fault.ts'
import type { Purchase } from '../journal.ts'

/** Restoring is what a shop does after its machine is gone: here beside it, so that both can be compared. */
export const backupFault: Fault = {
  name: 'backup-restored',
  rows: ['F32'],
  what: 'a backup is taken under load, restored to another folder, and judged there',
  sellsMeanwhile: true,
  backWithinSeconds: 15,
  mayFail: 0,
  inject: async (stage) => {
    // Where the run clears up, however it ends.
    const folder = await mkdtemp(join(stage.ground.dataFolder, 'backup-'))
    const backup = join(folder, 'backup')
    const promised = await ordersBefore(stage)
    // It may take as long as the fault lasts: an error is the heal's to tell.
    const taken = runStoa(stage.ground.dataFolder, 'backup', backup).then(() => stage.note('the backup is taken'))
    taken.catch(() => undefined)
    return async () => {
      try {
        await taken
        const restored = join(folder, 'restored')
        await runStoa(restored, 'restore', backup)
        return [await ordersAreIn(restored, promised, stage), await verifies(restored)]
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }
  },
}

/** A backup of a shop that has sold nothing promises nothing. */
const ordersAtLeast = 10
const ordersWithinMs = 60_000

async function ordersBefore({ journal }: Stage): Promise<readonly Purchase[]> {
  for (const until = Date.now() + ordersWithinMs; ; await pause(100)) {
    const acknowledged = journal.purchases.filter(({ order }) => order)
    if (acknowledged.length >= ordersAtLeast || Date.now() > until) return acknowledged
  }
}

/** `stoa` with that data folder, as an operator runs it: beside the shop's own processes, and knowing none of their addresses. */
async function runStoa(dataFolder: string, ...parameters: readonly string[]): Promise<{ stdout: string }> {
  const stoa = join(import.meta.dirname, '..', '..', 'stoa.ts')
  return promisify(execFile)(process.execPath, [stoa, ...parameters], {
    env: {
      ...process.env,
      DATABASE_URL: '',
      NATS_URL: '',
      HOST: '127.0.0.1',
      PORT: '0',
      STOA_DATA: dataFolder,
      STOA_CONFIG: join(import.meta.dirname, '..', 'stoa.config.ts'),
      STOA_DEMO: 'off',
      STOA_LOG: 'warn',
    },
  })
}

const inIt = 'what was acknowledged before a backup is in it'

/** What was acknowledged before the backup began is in it. What came later may be missing, and is counted. */
async function ordersAreIn(dataFolder: string, promised: readonly Purchase[], stage: Stage): Promise<Finding> {
  const postgres = await startEmbeddedPostgres({ dataFolder })
  const database = new pg.Pool({ connectionString: inDatabase(postgres.url, 'stoa'), max: 1 })
  // The server may end before the connection does.
  database.on('error', () => undefined)
  try {
    const orders = await ordersOf({ database })
    const unlike = promised.flatMap(({ order }) => {
      const found = order && orders.get(order.id)
      if (!order || (found?.total === order.total && mayBecome[order.status]?.includes(found.state))) return []
      return [
        `${order.number}: was ${order.status} at ${order.total} and is ${found?.state ?? 'missing'} at ${found?.total}`,
      ]
    })
    const later = stage.journal.purchases.filter(({ order }) => order && !orders.has(order.id)).length
    stage.note(`${later} orders were acknowledged after it and are not in it`)
    return check(inIt, promised.length, promised.length > 0 ? unlike : ['nothing was acknowledged before it'])
  } finally {
    await database.end()
    await postgres.stop()
  }
}

/** The restored shop does what it owed when the backup was taken, and then every invariant holds there. */
async function verifies(dataFolder: string): Promise<Finding> {
  const { stdout } = await runStoa(dataFolder, 'verify', '--json').catch(
    (error: { stdout: string; message: string }) => (error.stdout ? error : Promise.reject(error)),
  )
  const { checks } = JSON.parse(stdout) as { checks: readonly Finding[] }
  const violations = checks.flatMap(({ invariant, violations }) => violations.map((one) => `${invariant}: ${one}`))
  return check('every invariant holds in the restored shop', checks.length, violations)
}
