import type { ServerResponse } from 'node:http'
import type { Call, Importance } from './call.ts'
import { type Answer, type Listener, parsed, timeIsOver } from './exchange.ts'

// Calls of one moment from one process to the same service travel in one request, and each is answered as soon as it is done: what
// a request takes on both sides is several times what a call takes. Nothing else of a call changes. What one is asked is one
// JSON value in `calls`; what one is answered is one line, `[which, status, value]`.

/** A call on its way, the same alone and together. Of one that is alone the path and the headers say the first two. */
export type SentCall = {
  readonly operation: string
  /** Absent where nobody traces. */
  readonly traceparent?: string | undefined
  readonly input: unknown
  readonly call: Call
  /** The caller's time to the deadline, in milliseconds; absent from callers of an older version, during a rollout. */
  readonly leftMs?: number
}

/** Fewer than failures open a breaker: one connection that breaks is not a service in trouble. */
const togetherAtMost = 16
/** Characters of a call that goes with others: whoever reads a megabyte keeps nobody waiting meanwhile but those that sent it. */
const charactersAtMost = 16 * 1024
/** What is taken from callers, also of a later version, in calls and in bytes. */
export const callsTakenAtMost = 64
export const callBytesTakenAtMost = 2 * 1024 * 1024
/** After this a service is asked again whether it takes several calls at once: all of its copies may have been replaced. */
const olderVersionMs = 10_000

/** A call as it leaves, and what its headers say where it goes alone. */
export type Leaving<Text = string> = {
  /** A `SentCall` in JSON. */
  readonly text: Text
  readonly path: string
  /** Epoch milliseconds. */
  readonly deadline: number
  readonly importance: Importance
  readonly traceparent: string | undefined
}

/** A call that was not answered yet. */
type Waiting = Leaving & {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/**
 * Collects the calls of a turn of the event loop and sends those to the same service in one request. A call that has no other beside
 * it goes alone, as it does to a version that does not know better, and where it is large. Rejects with what `noAnswer` makes.
 */
export function callsTogether(by: {
  readonly alone: (service: string, call: Leaving) => Promise<Answer>
  /** @returns ends it */
  readonly post: (service: string, path: string, body: string, listener: Listener) => () => void
  /** Whether a refusal was over the clock, and the same will be heard when it is said again. */
  readonly isHeardAgain: (service: string, answer: Answer) => boolean
  readonly noAnswer: (service: string, why: string) => Error
}): (service: string, call: Leaving) => Promise<Answer> {
  const queues = new Map<string, Waiting[]>()
  const olderUntil = new Map<string, number>()

  const sendAlone = (service: string, one: Waiting): void => void by.alone(service, one).then(one.resolve, one.reject)

  const sendTogether = (service: string, calls: readonly Waiting[], isSaidAgain = false): void => {
    const left = new Map(calls.entries())
    const reader = answersReader({
      answered(which, answer) {
        left.get(which)?.resolve(answer)
        left.delete(which)
      },
      refused(answer) {
        if (!isSaidAgain && by.isHeardAgain(service, answer)) sendTogether(service, [...left.values()], true)
        else for (const one of left.values()) one.resolve(answer)
        left.clear()
      },
      unknown() {
        olderUntil.set(service, performance.now() + olderVersionMs)
        for (const one of left.values()) sendAlone(service, one)
        left.clear()
      },
      over: (error) => {
        clearTimeout(timer)
        for (const one of left.values()) one.reject(by.noAnswer(service, error?.message ?? 'the answer broke off'))
        left.clear()
      },
    })
    const body = `{"calls":[${calls.map(({ text }) => text).join()}]}`
    const end = by.post(service, `/calls/${service}`, body, reader)
    /** Lets go of those whose time is over, and of all when none is left. */
    const watch = (): NodeJS.Timeout => {
      const next = Math.min(...[...left.values()].map(({ deadline }) => deadline))
      return setTimeout(
        () => {
          for (const [which, one] of left) {
            if (one.deadline > Date.now()) continue
            one.reject(by.noAnswer(service, timeIsOver))
            left.delete(which)
          }
          if (left.size === 0) end()
          else timer = watch()
        },
        Math.max(1, next - Date.now()),
      )
    }
    let timer = watch()
  }

  const sendAll = (service: string): void => {
    const calls = queues.get(service) ?? []
    queues.delete(service)
    const isOlder = (olderUntil.get(service) ?? 0) > performance.now()
    for (let from = 0; from < calls.length; from += togetherAtMost) {
      const some = calls.slice(from, from + togetherAtMost)
      if (some.length === 1 || isOlder) for (const one of some) sendAlone(service, one)
      else sendTogether(service, some)
    }
  }

  return (service, call) => {
    if (call.text.length > charactersAtMost) return by.alone(service, call)
    return new Promise((resolve, reject) => {
      const queue = queues.get(service)
      const waiting = { ...call, resolve, reject }
      if (queue) return void queue.push(waiting)
      queues.set(service, [waiting])
      setImmediate(sendAll, service)
    })
  }
}

/** Reads what comes back to several calls: an answer a line, or one to the whole request. */
function answersReader(to: {
  readonly answered: (which: number, answer: Answer) => void
  readonly refused: (answer: Answer) => void
  /** By an older version, or by something in between that lets less pass, in whatever words. */
  readonly unknown: () => void
  readonly over: (error: Error | null) => void
}): Listener {
  const newline = 10
  let status = 0
  let unread: Buffer[] = []
  const readLine = (): void => {
    // What cannot be read answers nobody, and the call that it was for is without an answer at the end.
    const line = parsed(Buffer.concat(unread))?.value
    unread = []
    if (!Array.isArray(line)) return
    const [which, status, value] = line as [number, number, unknown]
    to.answered(which, { status, value })
  }
  return {
    begin(given) {
      status = given
    },
    piece(bytes) {
      let from = 0
      for (let at = bytes.indexOf(newline); status === 200 && at >= 0; at = bytes.indexOf(newline, from)) {
        unread.push(bytes.subarray(from, at))
        readLine()
        from = at + 1
      }
      if (from < bytes.length) unread.push(bytes.subarray(from))
    },
    end(error) {
      const refusal = error === null && status !== 200 ? parsed(Buffer.concat(unread)) : null
      if (error === null && (status === 404 || status === 413)) to.unknown()
      else if (refusal) to.refused({ status, value: refusal.value })
      to.over(error)
    },
  }
}

/** An answer as it leaves: `value` in JSON. */
export type AnswerText = { readonly status: number; readonly text: string }

/**
 * Answers each call as soon as `answer` has, those of one turn of the event loop in one write.
 * @param answer never rejects
 */
export function answerTogether(
  response: ServerResponse,
  calls: readonly SentCall[],
  answer: (call: SentCall) => Promise<AnswerText>,
): void {
  let left = calls.length
  let lines: string[] = []
  const write = (): void => {
    const text = lines.join('')
    lines = []
    if (left === 0) response.end(text)
    else response.write(text)
  }
  response.setHeader('content-type', 'application/x-ndjson')
  for (const [which, call] of calls.entries()) {
    void answer(call).then(({ status, text }) => {
      left -= 1
      lines.push(`[${which},${status},${text}]\n`)
      if (lines.length === 1) setImmediate(write)
    })
  }
}
