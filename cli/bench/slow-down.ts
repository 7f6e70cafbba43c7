import { Server } from 'node:http'
import pg from 'pg'

// Loaded into a shop's process before all others (`--import`), by the test that sees whether the performance contract notices:
// makes requests use more of the processor than they need, here and in PostgreSQL, and keeps memory that nobody needs. How much stands
// in the query of its address.

const settings = new URL(import.meta.url).searchParams
const microseconds = (name: string): number => Number(settings.get(name))
const rows = Number(settings.get('rows'))
/** Written, since what is only asked for is not resident. */
Object.assign(globalThis, { ballast: Buffer.alloc(Number(settings.get('megabytes')) * 2 ** 20, 1) })
const slowed: readonly [path: RegExp, microseconds: number][] = [
  [/^\/api\/products\//, microseconds('kept')],
  [/^\/products$/, microseconds('page')],
  [/^\/api\/products\?.*filter/, microseconds('made')],
  [/^\/api\/(carts|orders)/, microseconds('order')],
]

let kept = 0
function turn(times: number): void {
  for (let n = 0; n < times; n++) kept = Math.imul(kept ^ n, 0x01000193)
}

/** Until enough was turned to tell; of the order of what processors do. */
const firstPace = 300
const enoughMicroseconds = 20_000
let turned = 0
let spent = 0

/**
 * Uses so many microseconds of this thread, by an amount of work: the thread's own clock goes in steps of milliseconds and would end no
 * single one in time, but over all of them it tells how much one turn takes here and now.
 */
function burn(amount: number): void {
  const times = Math.round(amount * (spent > enoughMicroseconds ? turned / spent : firstPace))
  const before = process.threadCpuUsage()
  turn(times)
  const { user, system } = process.threadCpuUsage(before)
  turned += times
  spent += user + system
}

/** A server hands some requests on to another, and each is slowed once. */
const seen = new WeakSet<object>()

const { emit } = Server.prototype
Server.prototype.emit = function (this: Server, event: string, ...given: unknown[]) {
  const [request] = given as [{ url?: string } | undefined]
  if (event === 'request' && request && !seen.has(request)) {
    seen.add(request)
    burn(slowed.find(([path]) => path.test(request.url ?? ''))?.[1] ?? 0)
  }
  return Reflect.apply(emit, this, [event, ...given])
} as typeof emit

const { query } = pg.Client.prototype
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  const [first] = given
  const text = typeof first === 'string' ? first : ((first as { text?: string }).text ?? '')
  if (rows > 0 && /insert into orders\b/.test(text))
    Reflect.apply(query, this, [`select count(*) from generate_series(1, ${rows})`]).catch(() => undefined)
  return Reflect.apply(query, this, given)
} as typeof query
