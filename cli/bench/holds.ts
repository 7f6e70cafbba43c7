import { createHistogram } from 'node:perf_hooks'
import { inventory } from '#contracts/inventory'
import { readEnvironment } from '../environment.ts'
import { loadSettings } from '../settings.ts'
import { openShop } from '../shop.ts'
import { answerParent } from './load.ts'

// Another copy of the shop's services on its database, whose one caller holds a single variant as often as it can: by contract, in
// one process. Told over IPC what to hold; ends with who started it.

export type HoldWork = {
  readonly variables: Readonly<Record<string, string>>
  readonly variantId: string
  readonly seconds: number
  readonly atOnce: number
}
export type Held = {
  readonly held: number
  readonly refused: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

const root = new URL('../..', import.meta.url).pathname

async function hold({ variables, variantId, seconds, atOnce }: HoldWork): Promise<Held> {
  const environment = readEnvironment(variables)
  const shop = await openShop(environment, () => loadSettings(root, environment.configFile), {
    edge: false,
    onProgress: () => undefined,
  })
  const { reserve } = shop.host.client(inventory)
  const histogram = createHistogram()
  let held = 0
  let refused = 0
  let next = 0
  const run = async (lasts: number): Promise<number> => {
    const since = performance.now()
    const caller = async (): Promise<void> => {
      while (performance.now() - since < lasts * 1_000) {
        const asked = performance.now()
        const outcome = await reserve({
          orderId: `bench-${process.pid}-${next++}`,
          lines: [{ variantId, quantity: 1, backorder: false }],
        })
        if (outcome.ok) held += 1
        else refused += 1
        histogram.record(Math.max(1, Math.round((performance.now() - asked) * 1_000)))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, caller))
    return (performance.now() - since) / 1_000
  }
  try {
    await run(1)
    const [heldBefore, refusedBefore] = [held, refused]
    histogram.reset()
    const took = await run(seconds)
    return {
      held: held - heldBefore,
      refused: refused - refusedBefore,
      seconds: took,
      p50: histogram.percentile(50) / 1_000,
      p99: histogram.percentile(99) / 1_000,
    }
  } finally {
    await shop.stop()
  }
}

answerParent(hold)
