import { open, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { type Fault, type Heal, repeatedly, type Stage } from '../fault.ts'
import { whyNoSmallDisk } from '../small-disk.ts'
import { childrenOf, signal } from '../system.ts'

export const databaseFaults: readonly Fault[] = [
  {
    name: 'postgres-killed',
    rows: ['F10'],
    what: 'kill -9 of PostgreSQL’s postmaster',
    momentary: true,
    backWithinSeconds: 30,
    inject: async (stage) => {
      signal(await stage.ground.postgres.pid(), 'SIGKILL')
      return untilPostgresAnswers(stage)
    },
  },
  {
    name: 'postgres-immediate',
    rows: ['F10'],
    what: 'an immediate shutdown of PostgreSQL, without a checkpoint',
    momentary: true,
    backWithinSeconds: 30,
    inject: async (stage) => {
      signal(await stage.ground.postgres.pid(), 'SIGQUIT')
      return untilPostgresAnswers(stage)
    },
  },
  {
    name: 'postgres-paused',
    rows: ['F11'],
    what: 'SIGSTOP of all of PostgreSQL: connections stay open and nothing answers',
    secondsAtLeast: 20,
    backWithinSeconds: 30,
    inject: pausePostgres,
  },
  {
    name: 'backends-killed',
    rows: ['F12'],
    what: 'pg_terminate_backend of connections in the middle of their work',
    backWithinSeconds: 10,
    inject: async (stage) => {
      const killing = repeatedly(stage, 200, async () => {
        await stage.ground.database
          .query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where application_name like 'stoa-%' and random() < 0.2 order by state = 'idle' limit 3`,
          )
          .catch(() => undefined)
      })
      return ended(killing.end)
    },
  },
  {
    name: 'deadlocks',
    rows: ['F12'],
    what: 'transactions that lock the same rows the other way round, so that PostgreSQL ends one of each two',
    backWithinSeconds: 10,
    inject: async (stage) => {
      const locking = repeatedly(stage, 400, () => lockCrosswise(stage))
      return ended(locking.end)
    },
  },
  {
    name: 'connections-taken',
    rows: ['F13'],
    what: 'every connection that PostgreSQL has left is taken by somebody else',
    backWithinSeconds: 10,
    inject: takeConnections,
  },
  {
    name: 'table-locked',
    rows: ['F13'],
    what: 'the orders’ table locked, so that every connection of the pool waits',
    secondsAtLeast: 6,
    backWithinSeconds: 10,
    inject: lockTable,
  },
  {
    name: 'disk-full',
    rows: ['F25'],
    what: 'the disk with PostgreSQL’s data and log full to the last byte',
    secondsAtLeast: 8,
    backWithinSeconds: 30,
    unable: whyNoSmallDisk,
    inject: fillDisk,
  },
]

const ended =
  (end: () => Promise<void>): Heal =>
  async () => {
    await end()
    return []
  }

function untilPostgresAnswers({ ground }: Stage): Heal {
  return async () => {
    while (
      !(await ground.database.query('select 1').then(
        () => true,
        () => false,
      ))
    )
      await pause(100)
    return []
  }
}

async function pausePostgres(stage: Stage): Promise<Heal> {
  const postmaster = await stage.ground.postgres.pid()
  const all = [postmaster, ...(await childrenOf(postmaster))]
  for (const pid of all) signal(pid, 'SIGSTOP')
  return async () => {
    for (const pid of all) signal(pid, 'SIGCONT')
    return []
  }
}

/** Locks two rows of one kind, the later one first, as code that is not ours may do. */
async function lockCrosswise({ ground, random }: Stage): Promise<void> {
  const client = await ground.database.connect().catch(() => null)
  if (!client) return
  try {
    const table = random.pick(['inventory.levels', 'orders.orders', 'payments.order_payments'])
    await client.query('begin')
    await client.query(`set local deadlock_timeout = '50ms'`)
    await client.query(`select 1 from ${table} order by ctid desc limit 200 for update skip locked`)
    await pause(random.below(300))
    await client.query(`select 1 from ${table} order by ctid for update`)
    await client.query('rollback')
    client.release()
  } catch (error) {
    await client.query('rollback').then(
      () => client.release(),
      () => client.release(error as Error),
    )
  }
}

/** Beyond PostgreSQL's own ceiling of 100. */
const connectionsAtMost = 120

async function takeConnections(stage: Stage): Promise<Heal> {
  const taken: pg.Client[] = []
  const taking = repeatedly(stage, 150, async () => {
    while (taken.length < connectionsAtMost) {
      const client = new pg.Client({ connectionString: stage.ground.databaseUrl, application_name: 'chaos-hoard' })
      client.on('error', () => undefined)
      try {
        await client.connect()
        taken.push(client)
      } catch {
        return
      }
    }
  })
  return async () => {
    await taking.end()
    stage.note(`held ${taken.length} connections`)
    await Promise.all(taken.map((client) => client.end()))
    return []
  }
}

async function lockTable({ ground }: Stage): Promise<Heal> {
  const client = await ground.database.connect()
  await client.query('begin; lock table orders.orders in access exclusive mode')
  return async () => {
    await client.query('rollback')
    client.release()
    return []
  }
}

async function fillDisk(stage: Stage): Promise<Heal> {
  const ballast = join(stage.ground.dataFolder, 'ballast')
  const filling = repeatedly(stage, 500, async () => {
    const { bavail, bsize } = await statfs(stage.ground.dataFolder)
    if (bavail === 0) return
    const file = await open(ballast, 'a')
    try {
      await writeFile(file, Buffer.alloc(bavail * bsize))
    } catch {
      // Full, as it should be.
    } finally {
      await file.close()
    }
  })
  return async () => {
    await filling.end()
    await rm(ballast, { force: true })
    return untilPostgresAnswers(stage)()
  }
}
