import { setMaxListeners } from 'node:events'
import { answerParent, type Load, type Measured, measureLoad } from '../../cli/bench/load.ts'
import { openClient } from './client.ts'
import { visits as medusa } from './medusa/visits.ts'
import { visits as stoa } from './stoa/visits.ts'
import { visits as vendure } from './vendure/visits.ts'
import type { ShopName, VisitName, Visits, Wares } from './visits.ts'

// Who comes to all three shops: the same process, of which each shop's own API is all that differs. Told over IPC what to do; ends
// with who started it.

export type Work = Load & {
  readonly shop: ShopName
  readonly base: string
  readonly visit: VisitName
  readonly wares: Wares
  /** The number of the first visit: each run goes on where the last one ended. */
  readonly from: number
  /** Who is not served by then goes away. */
  readonly withinMs?: number
}

export type Worked = Measured & { readonly requests: number }

const visits: Readonly<Record<ShopName, Visits>> = { stoa, medusa, vendure }

async function work({ shop, base, visit, wares, from, withinMs, ...load }: Work): Promise<Worked> {
  const client = openClient(base, withinMs === undefined ? undefined : after(withinMs))
  const measured = await measureLoad(load, (n) => visits[shop][visit](client, wares, from + n))
  await client.close()
  return { ...measured, requests: client.requests }
}

function after(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(ms)
  // Every request listens to it.
  setMaxListeners(0, signal)
  return signal
}

answerParent(work)
