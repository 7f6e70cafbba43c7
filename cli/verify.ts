import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import type { ClientOf } from '#kernel/host'
import type { InvariantCheck } from '#kernel/invariants'
import { verifyEvents } from '#kernel/verify-events'
import type { Environment } from './environment.ts'
import { complain, say } from './terminal.ts'
import { withShop } from './with-shop.ts'

/**
 * Asks every service to check its invariants, and the database whether every event arrived. Throws when one does not answer:
 * silence is not health.
 */
export async function checkInvariants(client: ClientOf, databaseUrl: string): Promise<InvariantCheck[]> {
  const outcomes = await Promise.all([
    client(orders).verify({}),
    client(payments).verify({}),
    client(inventory).verify({}),
    client(pricing).verify({}),
    client(catalog).verify({}),
  ])
  const checks = outcomes.flatMap((outcome) => {
    if (!outcome.ok) throw new Error('verify: a service refused to check itself')
    return outcome.value.checks as InvariantCheck[]
  })
  return [...checks, ...(await verifyEvents(databaseUrl))].sort((a, b) =>
    a.invariant.localeCompare(b.invariant, 'en', { numeric: true }),
  )
}

/** `stoa verify`: prints each invariant with its figures; exit status 0 only when all hold. */
export async function verify(environment: Environment, root: string, asJson: boolean): Promise<number> {
  const checks = await withShop(environment, root, async ({ client, settle, databaseUrl }) => {
    await settle()
    return checkInvariants(client, databaseUrl)
  })
  const broken = checks.filter(({ violations }) => violations.length > 0)
  if (asJson) {
    say(JSON.stringify({ holds: broken.length === 0, checks }, null, 2))
    return broken.length === 0 ? 0 : 1
  }
  for (const { invariant, what, checked, violations } of checks) {
    say(`${violations.length === 0 ? 'holds ' : 'BROKEN'}  ${invariant.padEnd(4)} ${what} (${checked} checked)`)
    for (const violation of violations) say(`          ${violation}`)
  }
  if (broken.length > 0) complain(`stoa verify: ${broken.length} of ${checks.length} checks do not hold`)
  return broken.length === 0 ? 0 : 1
}
