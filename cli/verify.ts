import { catalog } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import type { Databases } from '#kernel/database-address'
import type { ClientOf } from '#kernel/host'
import { holds, type InvariantCheck, together, verified } from '#kernel/invariants'
import { verifyEvents } from '#kernel/verify-events'
import { keepingRows } from './database-environment.ts'
import type { Environment } from './environment.ts'
import { complain, say } from './terminal.ts'
import { withShop } from './with-shop.ts'

/**
 * Asks every service to check its invariants, part after part, and the databases whether every event arrived. Throws when one
 * does not answer: silence is not health.
 */
export async function checkInvariants(client: ClientOf, databases: Databases): Promise<InvariantCheck[]> {
  const checks = await Promise.all([
    verified(client(orders).verify),
    verified(client(payments).verify),
    verified(client(inventory).verify),
    verified(client(pricing).verify),
    verified(client(catalog).verify),
    verifyEvents(databases, keepingRows),
  ])
  return together(checks.flat()).sort((a, b) => a.invariant.localeCompare(b.invariant, 'en', { numeric: true }))
}

/** `stoa verify`: prints each invariant with its figures; exit status 0 only when all are known to hold. */
export async function verify(environment: Environment, root: string, asJson: boolean): Promise<number> {
  const checks = await withShop(environment, root, async ({ client, settle, databases }) => {
    await settle()
    return checkInvariants(client, databases)
  })
  const broken = checks.filter((check) => !holds(check))
  if (asJson) {
    say(JSON.stringify({ holds: broken.length === 0, checks }, null, 2))
    return broken.length === 0 ? 0 : 1
  }
  for (const check of checks) sayCheck(check)
  if (broken.length > 0) complain(`stoa verify: ${broken.length} of ${checks.length} checks are not known to hold`)
  return broken.length === 0 ? 0 : 1
}

function sayCheck(check: InvariantCheck): void {
  const { invariant, what, checked, violated, violations, figures, notCompared } = check
  const verdict = violated > 0 ? 'BROKEN' : notCompared === undefined ? 'holds ' : 'UNSURE'
  say(`${verdict}  ${invariant.padEnd(4)} ${what} (${checked} checked${violated > 0 ? `, ${violated} broken` : ''})`)
  for (const [name, value] of Object.entries(figures ?? {})) say(`          ${name}: ${value}`)
  if (notCompared !== undefined) say(`          ${notCompared}`)
  for (const violation of violations) say(`          ${violation}`)
  if (violated > violations.length) say(`          and ${violated - violations.length} more`)
}
