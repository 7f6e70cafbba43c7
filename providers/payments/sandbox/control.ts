import type { FastifyInstance } from 'fastify'
import T from 'typebox'
import { BehaviorInput, type Misbehavior } from './behavior.ts'
import { send } from './http.ts'
import { type Deps, problem } from './operations.ts'
import * as store from './store.ts'
import type { Courier } from './webhooks.ts'

/** Four weeks: beyond every time limit there is. */
const maxAdvanceSeconds = 28 * 24 * 3600

const ClockInput = T.Object({ advanceSeconds: T.Integer({ minimum: 0, maximum: maxAdvanceSeconds }) })
const SendInput = T.Object({
  paymentId: T.String({ pattern: '^pay_[0-9a-z]{26}$' }),
  as: T.Optional(T.Enum(['genuine', 'forged', 'stale', 'altered'])),
  copies: T.Optional(T.Integer({ minimum: 1, maximum: 50 })),
})

/** `/test`: faults by command, so that nothing has to be patched to see a shop survive one. */
export function controlRoutes(
  server: FastifyInstance,
  deps: Deps,
  { misbehavior, courier }: { misbehavior: Misbehavior; courier: Courier },
): void {
  server.get('/test/behavior', async () => misbehavior.read())

  server.put('/test/behavior', { schema: { body: BehaviorInput } }, async (request) => {
    const behavior = misbehavior.set(request.body as BehaviorInput)
    courier.wake()
    return behavior
  })

  /** Sets the clock by which all time limits are judged ahead, for good. */
  server.post('/test/clock', { schema: { body: ClockInput } }, async (request) => {
    const { advanceSeconds } = request.body as T.Static<typeof ClockInput>
    const now = await store.advanceClock(deps.pool, advanceSeconds)
    courier.wake()
    return { now: now.toISOString() }
  })

  /** Sends all webhooks that wait, whatever their time. */
  server.post('/test/webhooks/flush', () => courier.flush())

  /** Sends a payment's last event at once: again, or as an attacker would. Answers with what the shop said to each copy. */
  server.post('/test/webhooks/send', { schema: { body: SendInput } }, async (request, reply) => {
    const { paymentId, as = 'genuine', copies = 1 } = request.body as T.Static<typeof SendInput>
    const event = (await store.eventsOf(deps.pool, paymentId)).at(-1)
    if (!event) {
      return send(reply, problem(404, 'not-found', 'There is no such payment, or nothing has happened to it.'))
    }
    return { answers: await Promise.all(Array.from({ length: copies }, () => courier.send(event, as))) }
  })
}
