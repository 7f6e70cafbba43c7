import type T from 'typebox'
import type { identity, Profile } from '#contracts/identity'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { newId } from '#kernel/id'
import { keepAnswer } from '#kernel/idempotency'
import { unauthenticated } from '#kernel/problem'
import { withRegionCode } from '#kernel/regions'
import type { Deps } from './deps.ts'
import * as store from './store.ts'

type Operations = (typeof identity)['operations']

/** More than a person has places; each is read whenever a form is filled in. */
const addressesAtMost = 20

/** The customer who asks. Access was checked at the door; an account that was erased since then is nobody's. */
function customerId({ actor }: Call): string {
  if (actor.kind !== 'customer') throw unauthenticated()
  return actor.customerId
}

const profileOf = (row: store.UserRow): T.Static<typeof Profile> => ({
  id: row.id,
  email: row.email,
  name: row.name,
  emailVerified: row.email_verified,
  createdAt: row.created_at,
})

export async function profile({ db }: Deps, call: Call): Promise<Outcome<Operations['profile']>> {
  const row = await store.findUser(db, customerId(call))
  if (!row) throw unauthenticated()
  return ok(profileOf(row))
}

export async function updateProfile(
  { db }: Deps,
  { name }: Input<Operations['updateProfile']>,
  call: Call,
): Promise<Outcome<Operations['updateProfile']>> {
  const row = await store.renameCustomer(db, customerId(call), name)
  if (!row) throw unauthenticated()
  return ok(profileOf(row))
}

export async function addresses({ db }: Deps, call: Call): Promise<Outcome<Operations['addresses']>> {
  const rows = await store.listAddresses(db, customerId(call))
  return ok({ items: rows.map(({ id, address }) => ({ id, ...address })) })
}

export async function addAddress(
  { db }: Deps,
  input: Input<Operations['addAddress']>,
  call: Call,
): Promise<Outcome<Operations['addAddress']>> {
  const address = withRegionCode(input, '')
  const id = newId('addr')
  return inTransaction(db, async (tx) => {
    if (!(await store.insertAddress(tx, customerId(call), id, address, addressesAtMost)))
      return refuse(
        'identity/too-many-addresses',
        `An account holds at most ${addressesAtMost} addresses. Remove one first.`,
      )
    const added = ok({ id, ...address })
    await keepAnswer(tx, added)
    return added
  })
}

const unknownAddress = () => refuse('identity/unknown-address', 'There is no such address in this account.')

export async function updateAddress(
  { db }: Deps,
  input: Input<Operations['updateAddress']>,
  call: Call,
): Promise<Outcome<Operations['updateAddress']>> {
  const { addressId, ...given } = input
  const address = withRegionCode(given, '')
  const replaced = await store.replaceAddress(db, customerId(call), addressId, address)
  return replaced ? ok({ id: addressId, ...address }) : unknownAddress()
}

export async function removeAddress(
  { db }: Deps,
  { addressId }: Input<Operations['removeAddress']>,
  call: Call,
): Promise<Outcome<Operations['removeAddress']>> {
  const removed = await store.deleteAddress(db, customerId(call), addressId)
  return removed ? ok({}) : unknownAddress()
}

export async function customerContact(
  { db }: Deps,
  input: Input<Operations['customerContact']>,
): Promise<Outcome<Operations['customerContact']>> {
  const row = await store.findUser(db, input.customerId)
  if (!row || row.roles.length > 0) return refuse('identity/unknown-customer', 'There is no such customer.')
  return ok({ email: row.email, name: row.name, emailVerified: row.email_verified })
}
