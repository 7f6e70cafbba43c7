import { channel } from 'node:diagnostics_channel'
import { currentCall, type Importance, importances, serviceCall, withCall } from './call.ts'
import { refuseInsideTransaction } from './database.ts'
import { unavailable } from './problem.ts'
import { inSpan, type TraceContext } from './tracing.ts'

/** The verdict on a request that could not be judged this time: it goes to the head of the queue. */
export const again = Symbol('again')

/** A statement that was shared: told to whoever measures. */
export type Gathered = { readonly service: string; readonly what: string; readonly size: number; readonly left: number }
export const gatherings = channel('stoa:gathered')

export type GatherOptions<Request, Verdict> = {
  /** Who runs the statement and what it does, as problems and logs name it. */
  readonly service: string
  readonly what: string
  /**
   * Two requests of one id are never in one batch: the second sees what the first did. Left out where none changes anything,
   * undefined for one that is like no other.
   */
  readonly idOf?: (request: Request) => string | undefined
  /**
   * Judges all requests in one statement, each whole or not at all, and answers with a verdict for each, in their order.
   * A refusal is a verdict. Must have the same effect when it is run again: after a failure nobody knows what it did.
   */
  readonly run: (requests: readonly Request[]) => Promise<readonly (Verdict | typeof again)[]>
  /** Requests a statement: enough to share a commit, few enough that the statement takes milliseconds. */
  readonly batchAtMost: number
  /** Requests that wait: beyond it they would wait longer than their callers do, so they are turned away at once. */
  readonly queueAtMost: number
}

type Waiting<Request, Verdict> = {
  readonly request: Request
  readonly id: unknown
  /** Epoch milliseconds after which nobody waits for the verdict. */
  readonly deadline: number
  readonly importance: Importance
  readonly place: TraceContext
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

/** For requests that belong to no call with a deadline of its own, and for the statement itself. */
const timeoutMs = 10_000
/** How soon a request that waits behind a stuck statement learns that its time is over. */
const sweepMs = 100

/**
 * Collects the requests that arrive while the last statement runs and sends them as one, so that many callers who want the
 * same short write share a statement and a commit, and none holds a lock across a round trip. First come, first judged.
 *
 * Throws a problem `unavailable` (503) when the queue is full or when the request's deadline passed before its turn; then
 * nothing was done. Any other error is that of the request run by itself.
 */
export function gather<Request, Verdict>(
  options: GatherOptions<Request, Verdict>,
): (request: Request) => Promise<Verdict> {
  type Entry = Waiting<Request, Verdict>
  const { service, what, batchAtMost, queueAtMost } = options
  let queue: Entry[] = []
  let sweeper: NodeJS.Timeout | null = null

  const isLate = (entry: Entry): boolean => {
    if (Date.now() <= entry.deadline) return false
    entry.reject(unavailable(`There was no time left to ${what}.`))
    return true
  }
  const dropLate = (): void => {
    queue = queue.filter((entry) => !isLate(entry))
  }

  const takeBatch = (): Entry[] => {
    const batch = new Map<unknown, Entry>()
    const left: Entry[] = []
    for (const entry of queue) {
      if (batch.size < batchAtMost && !batch.has(entry.id)) batch.set(entry.id, entry)
      else left.push(entry)
    }
    queue = left
    return [...batch.values()]
  }

  /** Settles each entry of `batch` and returns those that must come again. */
  const judge = async (batch: readonly Entry[]): Promise<Entry[]> => {
    const [first] = batch
    if (!first) return []
    // A call of its own: the one that happened to wake the gatherer has another deadline and another actor.
    const importance = importances.find((one) => batch.some((entry) => entry.importance === one)) ?? first.importance
    const call = serviceCall(service, { timeoutMs, ...first.place, importance })
    // The statement is told in the trace of the first; the others are linked to it.
    const links = batch.slice(1).map(({ place }) => place)
    const spanOptions = { kind: 'internal', attributes: { 'stoa.batch.size': batch.length }, links } as const
    try {
      const verdicts = await withCall(call, () =>
        inSpan(`gathered ${what}`, spanOptions, () => options.run(batch.map(({ request }) => request))),
      )
      if (verdicts.length !== batch.length)
        throw new Error(`gather: ${verdicts.length} verdicts on ${batch.length} requests to ${what}`)
      return batch.filter((entry, index) => {
        const verdict = verdicts[index] as Verdict | typeof again
        if (verdict === again) return true
        entry.resolve(verdict)
        return false
      })
    } catch (error) {
      if (batch.length === 1) {
        first.reject(error)
        return []
      }
      // One bad request must poison nobody: each runs alone, once.
      const undecided: Entry[] = []
      for (const entry of batch) if (!isLate(entry)) undecided.push(...(await judge([entry])))
      return undecided
    }
  }

  const work = async (): Promise<void> => {
    dropLate()
    const batch = takeBatch()
    if (batch.length === 0) {
      if (sweeper) clearInterval(sweeper)
      sweeper = null
      return
    }
    if (gatherings.hasSubscribers)
      gatherings.publish({ service, what, size: batch.length, left: queue.length } satisfies Gathered)
    const undecided = await judge(batch)
    queue = [...undecided, ...queue]
    // Not at once: callers that were just answered may have their next request ready in this turn of the event loop.
    setImmediate(work)
  }

  return async (request) => {
    refuseInsideTransaction(what)
    if (queue.length >= queueAtMost) throw unavailable(`Too many wait to ${what}. Try again.`)
    const { deadline, importance, traceId, span } = currentCall() ?? serviceCall(service, { timeoutMs })
    const place = { traceId, span }
    return new Promise((resolve, reject) => {
      const id = options.idOf?.(request) ?? Symbol()
      queue.push({ request, id, deadline, importance, place, resolve, reject })
      if (sweeper) return
      sweeper = setInterval(dropLate, sweepMs).unref()
      setImmediate(work)
    })
  }
}
