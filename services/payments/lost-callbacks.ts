import { serviceCall, withCall } from '#kernel/call'
import { hear } from './callback.ts'
import * as callbacksStore from './callbacks-store.ts'
import { type Deps, withinDeadline } from './deps.ts'
import type { GuardedProvider } from './guarded-provider.ts'

/** How often a provider's events are read: with all that is added to it, a lost callback costs less than five minutes. */
const everySeconds = 120
/** An event may show a while after its time. */
const overlapMs = 60_000
/** Where a shop begins that never read them: providers try a callback that long, and those that came are kept for longer. */
const firstSeconds = 3 * 86_400
/** Events side by side: each may be a call or two to the provider. */
const atOnce = 16
/** For a page, or for what some events lead to: some calls to the provider, each within its own deadline. */
const timeoutMs = 30_000

/**
 * Reads what providers say has happened, and hears what no callback told as if one had: what becomes of money that was settled long
 * ago nobody asks for otherwise. One copy at a time, page after page; the mark moves with what is heard, so that the next goes on there.
 */
export async function hearLostCallbacks(deps: Deps, stopping: AbortSignal): Promise<void> {
  for (const provider of deps.providers.values()) {
    const { events } = provider
    if (events) await hearLost(deps, provider, events, stopping)
  }
}

async function hearLost(
  deps: Deps,
  { name }: GuardedProvider,
  events: NonNullable<GuardedProvider['events']>,
  stopping: AbortSignal,
): Promise<void> {
  const mark = await callbacksStore.claimEvents(deps.db, name, { forSeconds: everySeconds, firstSeconds })
  if (mark === null) return
  const since = new Date(Date.parse(mark) - overlapMs).toISOString()
  let cursor: string | null = ''
  while (cursor !== null && !stopping.aborted) {
    const request: { since: string; cursor?: string } = { since, ...(cursor === '' ? {} : { cursor }) }
    const page: Awaited<ReturnType<typeof events>> = await alone(() => events(request, withinDeadline({ name })))
    if (page.outcome === 'unknown') {
      const { cause, detail } = page
      deps.log.warn({ provider: name, cause, detail }, 'the provider did not say what has happened to payments')
      return
    }
    const ids = page.items.map(({ eventId }) => eventId)
    const isUnheard = await alone(() => callbacksStore.unheard(deps.db, name, ids))
    const lost = page.items.filter(({ eventId }) => isUnheard.has(eventId))
    for (let start = 0; start < lost.length; start += atOnce) {
      await alone(() => Promise.all(lost.slice(start, start + atOnce).map((told) => hear(deps, name, told))))
    }
    const last = page.items.at(-1)
    if (last) await alone(() => callbacksStore.markHeard(deps.db, name, last.at, everySeconds))
    cursor = page.nextCursor
  }
}

/** A deadline of its own: that of the whole job would be over in the middle of many pages. */
const alone = <R>(work: () => Promise<R>): Promise<R> => withCall(serviceCall('payments', { timeoutMs }), work)
