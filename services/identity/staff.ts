import type T from 'typebox'
import type { identity, StaffMember } from '#contracts/identity'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { type Database, inTransaction } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { keepAnswer } from '#kernel/idempotency'
import { validationFailed } from '#kernel/problem'
import type { Deps } from './deps.ts'
import { hashPassword, isGuessable, verifyPassword } from './passwords.ts'
import { tooCommon } from './sign-in.ts'
import * as store from './store.ts'

type Operations = (typeof identity)['operations']

const memberOf = (row: store.UserRow): T.Static<typeof StaffMember> => ({
  id: row.id,
  email: row.email,
  name: row.name,
  roles: row.roles as T.Static<typeof StaffMember>['roles'],
  active: row.active,
  createdAt: row.created_at,
})

const actorId = ({ actor }: Call): string =>
  actor.kind === 'staff' ? actor.staffId : actor.kind === 'service' ? actor.name : 'anonymous'

export async function staffMembers(
  { db }: Deps,
  { cursor, limit = 50 }: Input<Operations['staffMembers']>,
): Promise<Outcome<Operations['staffMembers']>> {
  const after = cursor === undefined ? null : fromCursor(cursor, 1)
  if (cursor !== undefined && after === null)
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  const rows = await store.listStaff(db, after ? String(after[0]) : null, limit + 1)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return ok({ items: page.map(memberOf), nextCursor: rows.length > limit && last ? toCursor([last.id]) : null })
}

export async function createStaff(
  deps: Deps,
  input: Input<Operations['createStaff']>,
  call: Call,
): Promise<Outcome<Operations['createStaff']>> {
  if (isGuessable(input.password, input)) return tooCommon()
  const hash = await hashPassword(input.password)
  return inTransaction(deps.db, async (tx) => {
    const row = await store.insertStaff(tx, { ...input, id: newId('staff'), accountId: newId('account'), hash })
    if (!row) return refuse('identity/email-taken', `${input.email} has an account already.`)
    await store.audit(tx, {
      actor: actorId(call),
      action: `staff-created:${row.roles.join('+')}`,
      subject: row.id,
      traceId: call.traceId,
    })
    const created = ok(memberOf(row))
    await keepAnswer(tx, created)
    return created
  })
}

export async function updateStaff(
  deps: Deps,
  input: Input<Operations['updateStaff']>,
  call: Call,
): Promise<Outcome<Operations['updateStaff']>> {
  return inTransaction(deps.db, async (tx) => {
    const known = await store.findUser(tx, input.staffId)
    if (!known || known.roles.length === 0) return refuse('identity/unknown-staff', 'There is no such staff account.')
    const changed = await store.updateStaff(tx, {
      id: input.staffId,
      roles: input.roles ?? null,
      active: input.active ?? null,
    })
    if (changed === 'last-owner')
      return refuse('identity/last-owner', 'This is the last owner. Make somebody else an owner first.')
    if (!changed.active) await store.endSessionsOf(tx, changed.id)
    const action = `staff-changed:${changed.roles.join('+')}:${changed.active ? 'active' : 'locked'}`
    await store.audit(tx, { actor: actorId(call), action, subject: changed.id, traceId: call.traceId })
    return ok(memberOf(changed))
  })
}

export async function writeDown(
  { db }: Deps,
  { action, subject }: Input<Operations['writeDown']>,
  call: Call,
): Promise<Outcome<Operations['writeDown']>> {
  await store.audit(db, { actor: actorId(call), action, subject, traceId: call.traceId })
  return ok({})
}

/**
 * The first owner, where there is none. With `enforce` (the password comes from the environment) a staff account that
 * exists gets this password when it has another: the way back in for whoever owns the machine.
 */
export async function ensureOwner(
  deps: Deps,
  input: Input<Operations['ensureOwner']>,
  call: Call,
): Promise<Outcome<Operations['ensureOwner']>> {
  const { db } = deps
  if (await store.hasOwner(db)) {
    if (input.enforce) await enforcePassword(db, input, call)
    return ok({ created: false, email: input.email })
  }
  const hash = await hashPassword(input.password)
  return inTransaction(db, async (tx) => {
    const row = await store.insertStaff(tx, {
      id: newId('staff'),
      accountId: newId('account'),
      email: input.email,
      name: 'Owner',
      roles: ['owner'],
      hash,
    })
    if (row)
      await store.audit(tx, { actor: 'start', action: 'staff-created:owner', subject: row.id, traceId: call.traceId })
    return ok({ created: row !== undefined, email: input.email })
  })
}

async function enforcePassword(
  db: Database,
  { email, password }: { email: string; password: string },
  call: Call,
): Promise<void> {
  const user = await store.findUserByEmail(db, email)
  if (!user || user.roles.length === 0) return
  const stored = await store.readPassword(db, user.id)
  if (stored && (await verifyPassword(stored, password))) return
  const hash = await hashPassword(password)
  await inTransaction(db, async (tx) => {
    await store.writePassword(tx, user.id, hash)
    await store.endSessionsOf(tx, user.id)
    await store.audit(tx, { actor: 'start', action: 'password-set', subject: user.id, traceId: call.traceId })
  })
}
