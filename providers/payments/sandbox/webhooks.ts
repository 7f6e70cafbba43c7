import { Webhook } from 'standardwebhooks'
import { newId } from '#kernel/id'
import type { Deps } from './operations.ts'
import { letTimePass } from './operations.ts'
import * as store from './store.ts'

/**
 * When an unanswered webhook is sent again: five seconds to a day, about three days in all, after
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md with shorter first steps,
 * since a shop on a developer's machine comes back soon.
 */
const retryAfterMs = [1, 5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map((s) => s * 1_000)
/** A receiver that is slower than this counts as not reached. */
const answerWithinMs = 15_000
/** Sent side by side: a slow receiver holds up no more than this many. */
const batchSize = 16
/** What a test may have waiting at once. */
const flushSize = 1_000
/** Longer than a batch may take, so that nothing is sent twice unless this process died. */
const leaseSeconds = 60
/** A look at least this often, in case another process made something due. */
const idleMs = 30_000
/** After an error of the database. */
const pauseMs = 1_000
/** What is no longer needed is deleted this often. */
const forgetEveryMs = 600_000

export type Tampering = 'genuine' | 'forged' | 'stale' | 'altered'

export type Courier = {
  /** Something may have come due. */
  wake(): void
  /** Sends everything that waits (1,000 at most) now, whatever its time, once, in the order in which it would have come due. @returns how many were sent and how many were taken */
  flush(): Promise<{ sent: number; delivered: number }>
  /** Sends an event there and then, outside of the books. @returns the receiver's status, 0 when it did not answer */
  send(event: store.Event, as: Tampering): Promise<number>
  stop(): Promise<void>
}

/** The worker behind webhooks and behind payments that move on by themselves. Its state is rows, so a restart goes on. */
export function startCourier(
  deps: Deps,
  options: {
    readonly webhookSecret: string
    readonly shop: () => store.Shop
    readonly isDown: () => boolean
    readonly onError: (error: unknown) => void
  },
): Courier {
  const stopping = new AbortController()
  const signature = new Webhook(options.webhookSecret)
  let alarm = Promise.withResolvers<void>()

  const post = async (id: string, body: string, headers: Record<string, string>): Promise<Reached> => {
    const { webhookUrl } = options.shop()
    if (!webhookUrl) return { status: 0, detail: 'no address' }
    try {
      // Loaded by the first event, which is long after a start. A redirect is not followed: it would carry a signed event to a place
      // nobody registered.
      const { request } = await import('undici')
      const { statusCode, body: answer } = await request(webhookUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'webhook-id': id, ...headers },
        body,
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(answerWithinMs)]),
      })
      await answer.dump()
      return { status: statusCode, detail: `${statusCode}` }
    } catch (error) {
      return { status: 0, detail: reasonOf(error) }
    }
  }

  const deliver = async ({ id, eventId, body, attempts }: store.Delivery): Promise<store.Delivered> => {
    const { status, detail } = await post(eventId, body, signed(signature, eventId, body, new Date()))
    if (status >= 200 && status < 300) return { id, state: 'delivered', answer: detail }
    const wait = retryAfterMs[attempts - 1]
    if (wait === undefined) return { id, state: 'given_up', answer: detail }
    // A tenth either way, so that a shop that was away is not met by all at once.
    return { id, state: 'due', answer: detail, againInMs: wait * (0.9 + Math.random() * 0.2) }
  }

  const round = async (limit: number, onlyDue: boolean): Promise<store.Delivered[]> => {
    const claimed = await store.claimDeliveries(deps.pool, { limit, leaseSeconds, onlyDue })
    const settled: store.Delivered[] = []
    for (let start = 0; start < claimed.length; start += batchSize) {
      settled.push(...(await Promise.all(claimed.slice(start, start + batchSize).map(deliver))))
    }
    if (settled.length > 0) await store.settleDeliveries(deps.pool, settled)
    return settled
  }

  /** Does what is due. @returns milliseconds until there is more */
  const turn = async (): Promise<number> => {
    const { paymentMs, deliveryMs } = await store.nextDue(deps.pool)
    const maySend = !options.isDown() && options.shop().webhookUrl !== null
    if (paymentMs <= 0) for (const id of await store.duePayments(deps.pool, batchSize)) await letTimePass(deps, id)
    if (maySend && deliveryMs <= 0) await round(batchSize, true)
    return Math.max(0, Math.min(paymentMs, maySend ? deliveryMs : idleMs, idleMs))
  }

  const work = async (): Promise<void> => {
    let forgetAt = Date.now() + forgetEveryMs
    while (!stopping.signal.aborted) {
      alarm = Promise.withResolvers()
      let waitMs = pauseMs
      try {
        waitMs = await turn()
        if (Date.now() >= forgetAt) {
          forgetAt = Date.now() + forgetEveryMs
          await store.forget(deps.pool)
        }
      } catch (error) {
        options.onError(error)
      }
      if (waitMs === 0) continue
      const timer = setTimeout(alarm.resolve, waitMs)
      await alarm.promise
      clearTimeout(timer)
    }
  }
  const working = work()

  return {
    wake: () => alarm.resolve(),
    async flush() {
      const settled = await round(flushSize, false)
      return { sent: settled.length, delivered: settled.filter((one) => one.state === 'delivered').length }
    },
    async send(event, as) {
      const time = as === 'stale' ? new Date(Date.now() - staleByMs) : new Date()
      const key = as === 'forged' ? new Webhook(Buffer.from(newId('forged')).toString('base64')) : signature
      const body = as === 'altered' ? altered(event.body) : event.body
      return (await post(event.id, body, signed(key, event.id, event.body, time))).status
    },
    async stop() {
      stopping.abort()
      alarm.resolve()
      await working
    },
  }
}

type Reached = { readonly status: number; readonly detail: string }

/** Twice the five minutes that receivers tolerate. */
const staleByMs = 600_000

/** What a thief would change: the amount. */
function altered(body: string): string {
  const event = JSON.parse(body)
  return JSON.stringify({ ...event, data: { ...event.data, amount: event.data.amount + 1 } })
}

function signed(signature: Webhook, id: string, body: string, time: Date): Record<string, string> {
  return {
    'webhook-timestamp': `${Math.floor(time.getTime() / 1000)}`,
    'webhook-signature': signature.sign(id, time, body),
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
