import { Agent, request } from 'undici'

/** What came of a request: an answer with its text as it came, or none. */
export type Answer = {
  readonly status: number
  readonly text: string
  /** Seconds that the answer asks to wait, if it does. */
  readonly retryAfter: number | null
  readonly location: string | null
}

/** One request, as the time line counts it. `status` is 0 where no answer came. */
export type Sample = {
  readonly at: number
  readonly ms: number
  readonly status: number
  readonly what: string
  /** Why it failed, as the answer says; absent where it did not. */
  readonly problem?: string
}

export type Http = {
  send(
    what: string,
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    url: string,
    options?: { body?: unknown; form?: string; key?: string; token?: string },
  ): Promise<Answer>
  readonly samples: readonly Sample[]
  close(): Promise<void>
}

/** As long as a patient shopper looks at a spinner, in milliseconds. */
const answerWithinMs = 15_000
/** Connections of all buyers together; a browser each would be more, and tell no more. */
const connectionsAtMost = 256

/** Sends requests as browsers do, and keeps what became of each. */
export function openHttp(): Http {
  const agent = new Agent({ connections: connectionsAtMost, pipelining: 1 })
  const samples: Sample[] = []
  return {
    samples,
    async send(what, method, url, options = {}) {
      const at = Date.now()
      const since = performance.now()
      const count = (status: number, problem?: string): void => {
        samples.push({ at, ms: performance.now() - since, status, what, ...(problem ? { problem } : {}) })
      }
      try {
        const { statusCode, headers, body } = await request(url, {
          method,
          dispatcher: agent,
          headers: {
            ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(options.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
            ...(options.key ? { 'idempotency-key': options.key } : {}),
            ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
          },
          body: options.form ?? (options.body === undefined ? null : JSON.stringify(options.body)),
          signal: AbortSignal.timeout(answerWithinMs),
        })
        const text = await body.text()
        const retryAfter = Number(headers['retry-after'])
        const answer = {
          status: statusCode,
          text,
          retryAfter: Number.isFinite(retryAfter) ? retryAfter : null,
          location: typeof headers.location === 'string' ? headers.location : null,
        }
        count(statusCode, statusCode >= 500 ? `${problemOf(answer)} ${text.slice(0, 200)}` : undefined)
        return answer
      } catch (error) {
        count(0, (error as Error).message)
        return { status: 0, text: '', retryAfter: null, location: null }
      }
    },
    close: () => agent.destroy(),
  }
}

/** The type of a problem, without the address; an empty string for any other answer. */
export function problemOf({ text }: Answer): string {
  try {
    return String((JSON.parse(text) as { type?: unknown }).type ?? '').replace('/problems/', '')
  } catch {
    return ''
  }
}

const notYet = new Set(['idempotency-key-in-progress', 'orders/checkout-in-progress', 'payments/operation-in-flight'])

/** Whether nothing was decided, so that a good client asks again, with the same key. */
export const isUndecided = (answer: Answer): boolean =>
  answer.status === 0 || answer.status >= 500 || answer.status === 429 || notYet.has(problemOf(answer))
