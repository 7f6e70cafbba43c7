import { type Contract, ok } from './contract.ts'
import { type DeadLetterDoor, listDeadLetters, replayDeadLetters } from './dead-letters.ts'
import type { RunningService } from './execute.ts'
import { hostContract, type ProcessHealth, shopHealth } from './health.ts'
import type { Remote } from './remote-mesh.ts'
import type { Handlers } from './service.ts'
import type { Started } from './start-service.ts'
import type { Metrics } from './telemetry.ts'

/** A process that says nothing in this time is one that does not answer, in milliseconds. */
const healthMs = 2_000

/** The host's own operations. They ask the processes of all services, so any may be asked; staff ask where the public door is. */
export const hostService = (by: {
  contracts: readonly Contract[]
  health: () => Promise<ProcessHealth>
  deadLetters: DeadLetterDoor
  audit: (action: string, subject: string | null) => Promise<void>
  remote: Remote
  metrics: Metrics
}): RunningService => {
  const names = by.contracts.map(({ name }) => name)
  const handlers: Handlers<typeof hostContract> = {
    health: async (_, { deadline }) =>
      ok(
        await shopHealth(await by.health(), names, (service) =>
          by.remote.health(service, Math.min(deadline, Date.now() + healthMs)),
        ),
      ),
    deadLetters: (input) => listDeadLetters(by.deadLetters, names, input),
    replayDeadLetters: async (input) => {
      // First, so that nothing is done of which nobody knows who did it.
      await by.audit(`dead-letters-replayed:${input.service ?? 'all'}`, input.eventId ?? null)
      return replayDeadLetters(by.deadLetters, names, input)
    },
  }
  return {
    contract: hostContract,
    handlers: handlers as unknown as RunningService['handlers'],
    idempotency: null,
    limiter: null,
    limitLoopback: false,
    metrics: by.metrics,
  }
}

/** Dead letters of services that are here, and through it those of the others. */
export function deadLetterDoor(started: readonly Started[], elsewhere: DeadLetterDoor): DeadLetterDoor {
  const found = (service: string) => started.find(({ definition }) => definition.contract.name === service)
  return {
    async list(service, { after, limit }) {
      const one = found(service)
      if (!one) return elsewhere.list(service, { after, limit })
      return (await one.events?.deadLetters(after, limit)) ?? []
    },
    async replay(service, eventId) {
      const one = found(service)
      if (!one) return elsewhere.replay(service, eventId)
      const replayed = (await one.events?.replay(eventId)) ?? 0
      if (replayed > 0) one.relay.wake()
      return { replayed }
    },
  }
}
