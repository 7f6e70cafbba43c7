import { hostContract } from '#kernel/health'
import type { ClientOf } from '#kernel/host'
import { allServiceNames } from '../services/names.ts'
import type { Environment } from './environment.ts'
import { complain, say } from './terminal.ts'
import { withShop } from './with-shop.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

/** `stoa events list` and `stoa events replay`. Exit status 1 when there was nothing to replay, or a service did not answer. */
export async function events(environment: Environment, root: string, verb: string, values: Values): Promise<number> {
  const service = values.service as string | undefined
  if (service !== undefined && !allServiceNames.some((name) => name === service)) {
    complain(`stoa events: there is no service "${service}"`)
    return 1
  }
  if (verb === 'list') return withShop(environment, root, ({ client }) => list(client, service))
  if (verb !== 'replay' || (values.event === undefined) !== (values.all === true)) {
    complain('stoa events: say "list", or "replay" with --event ID or --all')
    return 1
  }
  const eventId = values.event as string | undefined
  return withShop(environment, root, ({ client }) => replay(client, eventId, service))
}

async function list(client: ClientOf, service: string | undefined): Promise<number> {
  let cursor: string | undefined
  let count = 0
  let silent: readonly string[]
  do {
    const page = await client(hostContract).deadLetters({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    if (!page.ok) throw new Error('events: the list of dead letters was refused')
    silent = page.value.silent
    for (const { eventId, type, subject, publisher, subscriber, attempts, error, diedAt } of page.value.items) {
      if (service !== undefined && service !== publisher) continue
      count += 1
      say(`${eventId}  ${type} of ${subject}, from ${publisher} to ${subscriber}`)
      say(`  given up ${diedAt} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${error}`)
    }
    cursor = page.value.nextCursor ?? undefined
  } while (cursor !== undefined)
  if (count === 0 && silent.length === 0) say('no event was given up')
  return sayWhoIsSilent(silent)
}

async function replay(client: ClientOf, eventId: string | undefined, service: string | undefined): Promise<number> {
  const outcome = await client(hostContract).replayDeadLetters({
    ...(eventId === undefined ? {} : { eventId }),
    ...(service === undefined ? {} : { service }),
  })
  if (!outcome.ok) throw new Error('events: the replay was refused')
  const { replayed, silent } = outcome.value
  if (replayed === 0 && silent.length === 0) {
    complain('stoa events: no event that was given up is meant by this')
    return 1
  }
  say(`${replayed} ${replayed === 1 ? 'delivery is' : 'deliveries are'} under way again`)
  return sayWhoIsSilent(silent)
}

function sayWhoIsSilent(silent: readonly string[]): number {
  if (silent.length > 0) complain(`stoa events: ${silent.join(', ')} did not answer`)
  return silent.length > 0 ? 1 : 0
}
