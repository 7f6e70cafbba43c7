import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Seen, steps, turnedAway } from '../bench/load.ts'
import { sell } from './goods.ts'
import type { Work } from './load-worker.ts'
import { startShop } from './shop.ts'

/** Long enough that the seats are counted anew some dozens of times. */
const seconds = 5
/** Other work on the machine comes and goes within seconds: what holds is seen in one of some runs. */
const runsAtMost = 3

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.POSITIVE_INFINITY

async function shoppers(workerData: Work): Promise<Seen> {
  const worker = new Worker(join(import.meta.dirname, 'load-worker.ts'), { workerData })
  const [seen] = (await once(worker, 'message')) as [Seen]
  return seen
}

test('at five times the load that it can serve a shop sells what it sold, and turns others away quickly', async (t) => {
  const shop = await startShop('one')
  t.after(() => shop.stop())
  const goods = await Promise.all(
    Array.from({ length: 8 }, (_, n) => sell(shop, { handle: `goods-${n}`, onHand: 100_000 })),
  )
  const offered = {
    variants: goods.map(({ variantId }) => variantId),
    paths: ['/', ...goods.flatMap(({ handle }) => [`/products/${handle}`, `/api/products/${handle}`])],
  }
  const come = (ordersASecond: number | null) => shoppers({ url: shop.url, goods: offered, ordersASecond, seconds })
  await come(null)
  let seen: Seen | null = null
  let limit: Seen | null = null
  // The limit may be found while other work leaves little of the machine: five times that, of which nobody is turned away, is no overload.
  let soldWithEase = 0
  for (let run = 1; run <= runsAtMost; run++) {
    limit = await come(null)
    seen = await come((Math.max(limit.orders, soldWithEase) / seconds) * 5)
    if (turnedAway(seen) === 0) soldWithEase = Math.max(soldWithEase, seen.orders)
    else if (seen.orders >= 0.9 * limit.orders) break
  }
  assert.ok(seen && limit && limit.orders > 0)
  assert.ok(seen.orders >= 0.9 * limit.orders, `${seen.orders} orders of ${limit.orders}`)
  const { turnedAwayMs: ms } = seen
  const turnedAwayMs = steps.flatMap((step) => ms[step])
  assert.ok(turnedAwayMs.length > 0, 'nobody was turned away, so this was no overload')
  assert.ok(
    median(turnedAwayMs) < median(seen.checkoutMs),
    `turned away in ${median(turnedAwayMs)} ms, served in ${median(seen.checkoutMs)} ms`,
  )
})
