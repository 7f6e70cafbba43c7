import { randomInt } from 'node:crypto'
import pg from 'pg'
import { postgresMs, withClient } from './meter.ts'

// What the same PostgreSQL does at most for the smallest transaction there is: pgbench's own scripts, through the driver that the
// shop uses.

export type PostgresLimit = { readonly aSecond: number; readonly postgresMs: number }

const accounts = 100_000
/** pgbench's tables, in a database of their own. */
const database = 'bench_limits'
/** As many as the shop's service with the most connections has. */
const clients = 10

export async function prepareLimits(serverUrl: string): Promise<string> {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  await withClient(serverUrl, (client) => client.query(`create database ${database}`))
  await withClient(url.href, (client) =>
    client.query(`
      create table accounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 90);
      create table history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      insert into accounts select n, 1, 0, '' from generate_series(1, ${accounts}) n;
      analyze accounts;
    `),
  )
  return url.href
}

type Script = (client: pg.Client, aid: number) => Promise<unknown>

const selectOnly: Script = (client, aid) =>
  client.query({ name: 'select', text: 'select abalance from accounts where aid = $1', values: [aid] })

/** `pgbench -N`: one commit that has to reach the disk. */
const simpleUpdate: Script = async (client, aid) => {
  await client.query('begin')
  await client.query({
    name: 'update',
    text: 'update accounts set abalance = abalance + $2 where aid = $1',
    values: [aid, 1],
  })
  await selectOnly(client, aid)
  await client.query({
    name: 'insert',
    text: 'insert into history (tid, bid, aid, delta, mtime) values (1, 1, $1, $2, current_timestamp)',
    values: [aid, 1],
  })
  await client.query('commit')
}

export const scripts = { '-S': selectOnly, '-N': simpleUpdate } as const

/** Runs a script for `seconds`, with PostgreSQL's processor time for each transaction. */
export async function measurePostgres(
  { url, postmaster }: { url: string; postmaster: number },
  script: keyof typeof scripts,
  seconds: number,
): Promise<PostgresLimit> {
  const connections = Array.from({ length: clients }, () => new pg.Client({ connectionString: url }))
  // Who stops a run stops the server under them.
  for (const one of connections) one.on('error', () => undefined)
  await Promise.all(connections.map((one) => one.connect()))
  try {
    const before = await postgresMs(postmaster)
    const since = performance.now()
    let done = 0
    const work = async (client: pg.Client): Promise<void> => {
      while (performance.now() - since < seconds * 1_000) {
        await scripts[script](client, randomInt(1, accounts + 1))
        done += 1
      }
    }
    await Promise.all(connections.map(work))
    const took = (performance.now() - since) / 1_000
    return { aSecond: done / took, postgresMs: ((await postgresMs(postmaster)) - before) / done }
  } finally {
    await Promise.all(connections.map((one) => one.end()))
  }
}
