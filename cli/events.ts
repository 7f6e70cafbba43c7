import type { Static } from 'typebox'
import type { DeadLetter } from '#kernel/dead-letters'
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

type Letter = Static<typeof DeadLetter>
type Found = { readonly letters: readonly Letter[]; readonly silent: readonly string[] }

/** What was given up, of all services or of one. */
async function find(client: ClientOf, service: string | undefined): Promise<Found> {
  const letters: Letter[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await client(hostContract).deadLetters({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    if (!page.ok) throw new Error('events: the list of dead letters was refused')
    const { items, nextCursor, silent } = page.value
    letters.push(...items.filter(({ publisher }) => service === undefined || service === publisher))
    if (nextCursor === null) return { letters, silent }
    cursor = nextCursor
  }
}

async function list(client: ClientOf, service: string | undefined): Promise<number> {
  const { letters, silent } = await find(client, service)
  for (const { eventId, type, subject, publisher, subscriber, attempts, error, diedAt } of letters) {
    say(`${eventId}  ${type} of ${subject}, from ${publisher} to ${subscriber}`)
    say(`  given up ${diedAt} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${error}`)
  }
  if (letters.length === 0 && silent.length === 0) say('no event was given up')
  return sayWhoIsSilent(silent)
}

async function replay(client: ClientOf, eventId: string | undefined, service: string | undefined): Promise<number> {
  const { letters, silent } = await find(client, service)
  const meant = letters.filter((one) => eventId === undefined || one.eventId === eventId).length
  if (meant === 0) {
    complain('stoa events: no event that was given up is meant by this')
    return Math.max(1, sayWhoIsSilent(silent))
  }
  const outcome = await client(hostContract).replayDeadLetters({
    ...(eventId === undefined ? {} : { eventId }),
    ...(service === undefined ? {} : { service }),
  })
  if (!outcome.ok) throw new Error('events: the replay was refused')
  say(`${meant} ${meant === 1 ? 'delivery is' : 'deliveries are'} under way again`)
  return sayWhoIsSilent(outcome.value.silent)
}

function sayWhoIsSilent(silent: readonly string[]): number {
  if (silent.length > 0) complain(`stoa events: ${silent.join(', ')} did not answer`)
  return silent.length > 0 ? 1 : 0
}
