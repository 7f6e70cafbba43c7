import { Server } from 'node:http'
import pg from 'pg'

// Loaded into a shop's process before all others (`--import`), by the test that sees whether the performance contract notices:
// makes requests use more of the processor than they need, here and in PostgreSQL. How much stands in the query of its address.

const settings = new URL(import.meta.url).searchParams
const microseconds = (name: string): number => Number(settings.get(name))
const rows = Number(settings.get('rows'))
const slowed: readonly [path: RegExp, microseconds: number][] = [
  [/^\/api\/products\//, microseconds('detail')],
  [/^\/api\/products\?/, microseconds('listing')],
  [/^\/api\/(carts|orders)/, microseconds('order')],
]

let kept = 0
function turn(times: number): void {
  for (let n = 0; n < times; n++) kept = Math.imul(kept ^ n, 0x01000193)
}

const windows = 200
const windowMs = 1
const turnsAtOnce = 1_000

/** Turns a microsecond in the best of many short windows: in that one nobody else had this processor. */
function turnsAMicrosecond(): number {
  let best = 0
  for (let n = 0; n < windows; n++) {
    const since = performance.now()
    let turns = 0
    for (; performance.now() - since < windowMs; turns += turnsAtOnce) turn(turnsAtOnce)
    best = Math.max(best, turns / ((performance.now() - since) * 1_000))
  }
  return best
}

/** By an amount of work, and not by a clock: a thread's own is told only at each tick, and the wall's goes on for others. */
const pace = turnsAMicrosecond()
const burn = (amount: number): void => turn(Math.round(amount * pace))

const { emit } = Server.prototype
Server.prototype.emit = function (this: Server, event: string, ...given: unknown[]) {
  const [request] = given as [{ url?: string } | undefined]
  if (event === 'request') burn(slowed.find(([path]) => path.test(request?.url ?? ''))?.[1] ?? 0)
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
