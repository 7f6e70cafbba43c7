import type { Call } from '#kernel/call'
import type { EventEnvelope } from '#kernel/event'
import { execute, type RunningService } from '#kernel/execute'
import { overloaded, ProblemError, problem } from '#kernel/problem'
import type { Deliver } from '#kernel/relay'
import { type Ask, NoAnswer, sentVerdicts } from '#kernel/remote-mesh'
import type { Faults } from './faults.ts'
import { currentLife, type Life, outside, type Timeline, within } from './timeline.ts'
import type { Trace } from './trace.ts'

/** What of a process others can reach. */
export type Door = {
  readonly life: Life
  readonly services: ReadonlyMap<string, RunningService>
  readonly receive: Deliver
}

/** An answer on its way: as the internal port would have sent it. */
type Answer = { readonly value: unknown } | { readonly error: Error }

/**
 * The wire between processes. Requests and answers are events of their own: they may be late, lost, or find nobody. What
 * is on its way is a copy.
 * @param doors the processes that can be reached now
 * @param onBug told of an error that is nobody's refusal
 */
export function simulateNetwork(options: {
  readonly timeline: Timeline
  readonly trace: Trace
  readonly faults: Faults
  readonly doors: () => readonly Door[]
  readonly onBug: (where: string, error: Error) => void
}): Ask {
  const { timeline, trace, faults, doors, onBug } = options
  return <R>(service: string, path: string, { deadline }: { deadline: number }, body?: unknown): Promise<R> => {
    const caller = currentLife()
    const sent = JSON.stringify(body)
    const what = trace.short(nameOf(path, sent))
    const told = Promise.withResolvers<R>()
    const lateMs = Math.max(0, deadline - Date.now())
    const late = timeline.after(lateMs, () => told.reject(new NoAnswer(`${service} did not answer in time`)), {
      life: caller,
    })
    const arrive = (answer: Answer): void => {
      late.cancel()
      if ('value' in answer) told.resolve(answer.value as R)
      else told.reject(answer.error)
    }
    const answerWith = (answer: Answer): void => {
      if (faults.losesAnswer(what)) trace.add(caller, `${what}: the answer`, 'is lost')
      else timeline.after(faults.onTheWayMs(`answer to ${what}`), () => arrive(answer), { life: caller })
    }
    if (faults.losesRequest(what)) {
      trace.add(caller, what, 'is lost')
    } else {
      timeline.after(
        faults.onTheWayMs(what),
        () => {
          const open = doors()
          const door = open[faults.choose(open.length, what)]
          if (!door) return answerWith({ error: new NoAnswer(`${service} refuses connections`) })
          trace.add(door.life, what, `asked by ${caller.name}`)
          // As admission does it: whoever shops is asked at the door, and a checkout that was let in goes on between services.
          if (caller === outside && faults.turnsAway(what)) return answerWith({ error: overloaded(1) })
          faults.mayCrash(door.life, what)
          if (door.life.isOver) return answerWith({ error: new NoAnswer(`${service} closed the connection`) })
          within(door.life, () => {
            void serve(door, path, JSON.parse(sent), onBug).then((answer) => {
              trace.add(door.life, what, outcomeOf(answer))
              // A dead process answers nobody; the caller waits until its time is over.
              if (!door.life.isOver) answerWith(answer)
            })
          })
        },
        { life: outside },
      )
    }
    return told.promise
  }
}

/** As the internal port does: problems are told as they are, all else is an error on this side. */
async function serve(
  door: Door,
  path: string,
  body: unknown,
  onBug: (where: string, error: Error) => void,
): Promise<Answer> {
  const [, kind, service = '', operation = ''] = path.split('/')
  try {
    if (kind === 'events') {
      const { events } = body as { events: EventEnvelope[] }
      return { value: copy(sentVerdicts(await door.receive(service, events))) }
    }
    const running = door.services.get(service)
    if (!running) throw new Error(`simulation: nobody hosts ${service}`)
    const { input, call, leftMs } = body as { input: unknown; call: Call; leftMs: number }
    return { value: copy(await execute(running, operation, input, { ...call, deadline: Date.now() + leftMs })) }
  } catch (error) {
    if (error instanceof ProblemError)
      return { error: error.problem.status === 503 ? new NoAnswer(error.message) : error }
    onBug(`${service}.${operation}`, error as Error)
    return { error: new ProblemError(problem('internal', 500, (error as Error).message)) }
  }
}

const copy = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

function nameOf(path: string, body: string): string {
  const [, kind, service, operation] = path.split('/')
  const about = /order_[0-7][0-9a-hjkmnp-tv-z]{25}|cart_[0-7][0-9a-hjkmnp-tv-z]{25}/.exec(body)?.[0]
  const types = kind === 'events' ? [...body.matchAll(/"type":"([a-z.-]+)"/g)].map(([, type]) => type).join(', ') : ''
  return `${service} ${kind === 'events' ? `hears ${types}` : operation}${about ? ` (${about})` : ''}`
}

function outcomeOf(answer: Answer): string {
  if ('error' in answer) return answer.error.message.slice(0, 120)
  const { ok, refusal, value } = answer.value as {
    ok?: boolean
    refusal?: { type: string }
    value?: { order?: { id: string; status: string }; payment?: { status: string } | null; state?: string }
  }
  if (ok === false) return refusal?.type ?? 'refused'
  const facts = [value?.order && `${value.order.id} ${value.order.status}`, value?.payment?.status, value?.state]
  return facts.filter(Boolean).join(', ') || 'done'
}
