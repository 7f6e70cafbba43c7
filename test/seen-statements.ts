import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { currentCall } from '#kernel/call'

// Sees what this process asks of PostgreSQL, where it leaves the process. Loaded before all others (`--import`) into a process of its
// own, it writes down what it sees, in the folder that STOA_TEST_STATEMENTS names.

const folder = process.env.STOA_TEST_STATEMENTS

export type Seen = { readonly traceId: string | null; readonly what: string; readonly trip: string }

export const seen: Seen[] = []
/** Statements that are sent to one connection before anything else happens are one round trip. */
const trips = new Map<pg.Client, string>()
let tripsSoFar = 0

/** All that ever asked. */
export const clients = new Set<pg.Client>()

export const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [first] = given
  const text = typeof first === 'string' ? first : (first as pg.QueryConfig).text
  clients.add(this)
  if (trips.size === 0) queueMicrotask(() => trips.clear())
  const trip = trips.get(this) ?? `${process.pid} ${tripsSoFar++}`
  trips.set(this, trip)
  const { application_name: name = '' } = (this as unknown as { connectionParameters: pg.ClientConfig })
    .connectionParameters
  const one = { traceId: currentCall()?.traceId ?? null, what: `${name.replace('stoa-', '')}: ${nameOf(text)}`, trip }
  if (folder === undefined) seen.push(one)
  else appendFileSync(join(folder, String(process.pid)), `${JSON.stringify(one)}\n`)
  return Reflect.apply(query, this, given)
} as typeof query

/** What a statement does and to what: the table that it writes first, the function that it calls, or the table that it reads. */
function nameOf(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  if (/^(begin|commit|rollback)\b/.test(plain)) return plain.split(';')[0] ?? plain
  const written = /\b(insert into|delete from|update(?! (?:of|set|skip)\b)) (\w+)/.exec(plain)
  if (written) return `${written[1]} ${written[2]}`
  const called = /\bselect (\w+)\(\$|\bfrom (?!unnest)(\w+)\( ?\$/.exec(plain)
  if (called) return `call ${called[1] ?? called[2]}`
  return `read ${[...plain.matchAll(/\b(?:from|join) (\w+)(?! ?\()/g)].map(([, table]) => table).find((table) => tables.has(table ?? '')) ?? '?'}`
}

/** What is read, of all that a statement joins. */
const tables = new Set(['levels', 'prices', 'carts', 'idempotency_keys', 'orders', 'inbox', 'payments'])
