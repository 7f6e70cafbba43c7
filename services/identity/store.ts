import { type Database, type Executor, sql } from '#kernel/database'
import type { Address } from '#kernel/fields'

export type UserRow = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly email_verified: boolean
  readonly roles: string[]
  readonly active: boolean
  readonly created_at: string
}

const columns = sql`id, name, email, email_verified, roles, active, created_at`

export async function findUser(db: Executor, id: string): Promise<UserRow | undefined> {
  return (await sql<UserRow>`select ${columns} from users where id = ${id}`.execute(db)).rows[0]
}

export async function findUserByEmail(db: Executor, email: string): Promise<UserRow | undefined> {
  return (await sql<UserRow>`select ${columns} from users where email = ${email.toLowerCase()}`.execute(db)).rows[0]
}

/** Whose session it is at this moment: not expired by the database's clock, not locked. */
export async function findSession(
  db: Executor,
  tokenDigest: string,
): Promise<(UserRow & { session_id: string }) | undefined> {
  const { rows } = await sql<UserRow & { session_id: string }>`
    select u.id, u.name, u.email, u.email_verified, u.roles, u.active, u.created_at, s.id as session_id
    from sessions s join users u on u.id = s.user_id
    where s.token = ${tokenDigest} and s.expires_at > now() and u.active`.execute(db)
  return rows[0]
}

/** Replaces a new session's token by its digest and sets how long it lasts. */
export async function sealSession(
  db: Executor,
  token: string,
  tokenDigest: string,
  lastsSeconds: number,
): Promise<void> {
  await sql`update sessions set token = ${tokenDigest}, expires_at = now() + make_interval(secs => ${lastsSeconds})
            where token = ${token}`.execute(db)
}

export async function endSession(db: Executor, sessionId: string): Promise<void> {
  await sql`delete from sessions where id = ${sessionId}`.execute(db)
}

export async function endSessionsOf(db: Executor, userId: string): Promise<void> {
  await sql`delete from sessions where user_id = ${userId}`.execute(db)
}

/** Ends the links for a new password that somebody was sent. Whose a token is stands in its value, and nothing else has a token. */
export async function endResetsOf(db: Executor, userId: string): Promise<void> {
  await sql`delete from verifications where value = ${userId}`.execute(db)
}

export async function readPassword(db: Executor, userId: string): Promise<string | undefined> {
  const { rows } = await sql<{ password: string }>`
    select password from accounts where user_id = ${userId} and provider_id = 'credential' and password is not null`.execute(
    db,
  )
  return rows[0]?.password
}

export async function writePassword(db: Executor, userId: string, hash: string): Promise<void> {
  await sql`update accounts set password = ${hash}, updated_at = now()
            where user_id = ${userId} and provider_id = 'credential'`.execute(db)
}

/** Adds a staff member with a password; nothing happens when the address is taken. */
export async function insertStaff(
  tx: Executor,
  staff: { id: string; accountId: string; email: string; name: string; roles: readonly string[]; hash: string },
): Promise<UserRow | undefined> {
  const { rows } = await sql<UserRow>`
    insert into users (id, name, email, email_verified, roles)
    values (${staff.id}, ${staff.name}, ${staff.email.toLowerCase()}, true, ${[...staff.roles]}::text[])
    on conflict (email) do nothing returning ${columns}`.execute(tx)
  if (!rows[0]) return undefined
  await sql`insert into accounts (id, user_id, account_id, provider_id, password)
            values (${staff.accountId}, ${staff.id}, ${staff.id}, 'credential', ${staff.hash})`.execute(tx)
  return rows[0]
}

export async function hasOwner(db: Executor): Promise<boolean> {
  const { rows } = await sql`select 1 from users where 'owner' = any(roles) and active limit 1`.execute(db)
  return rows.length === 1
}

/**
 * Changes a staff member's roles or lock. The last active owner can neither be locked nor lose the role: owners are
 * locked in id order first, so that two owners who lock each other at once cannot both succeed.
 */
export async function updateStaff(
  tx: Executor,
  change: { id: string; roles: readonly string[] | null; active: boolean | null },
): Promise<'last-owner' | UserRow> {
  const owners = await sql<{ id: string }>`
    select id from users where 'owner' = any(roles) and active order by id for update`.execute(tx)
  const { rows } = await sql<UserRow>`
    update users set roles = coalesce(${change.roles ? [...change.roles] : null}::text[], roles),
                     active = coalesce(${change.active}::boolean, active), updated_at = now()
    where id = ${change.id} returning ${columns}`.execute(tx)
  const row = rows[0] as UserRow
  const staysOwner = row.active && row.roles.includes('owner')
  const others = owners.rows.filter(({ id }) => id !== change.id)
  return owners.rows.length > 0 && others.length === 0 && !staysOwner ? 'last-owner' : row
}

export async function listStaff(db: Executor, after: string | null, limit: number): Promise<UserRow[]> {
  const { rows } = await sql<UserRow>`
    select ${columns} from users where id like 'staff\\_%' and (${after}::text is null or id > ${after})
    order by id limit ${limit}`.execute(db)
  return rows
}

export async function renameCustomer(db: Executor, id: string, name: string): Promise<UserRow | undefined> {
  const { rows } = await sql<UserRow>`
    update users set name = ${name}, updated_at = now() where id = ${id} returning ${columns}`.execute(db)
  return rows[0]
}

/** @returns whether this call is the first to mark the customer as announced */
export async function markAnnounced(tx: Executor, id: string): Promise<boolean> {
  const { rows } =
    await sql`update users set announced = true where id = ${id} and not announced and id like 'cust\\_%' returning id`.execute(
      tx,
    )
  return rows.length === 1
}

export type AddressRow = { readonly id: string; readonly address: Address }

export async function listAddresses(db: Executor, customerId: string): Promise<AddressRow[]> {
  return (
    await sql<AddressRow>`select id, address from addresses where customer_id = ${customerId} order by id`.execute(db)
  ).rows
}

/** Adds an address unless the customer has `atMost` already. The customer's row is locked, or two adds could both fit. */
export async function insertAddress(
  tx: Executor,
  customerId: string,
  id: string,
  address: Address,
  atMost: number,
): Promise<boolean> {
  await sql`select 1 from users where id = ${customerId} for update`.execute(tx)
  const { rows } = await sql`
    insert into addresses (id, customer_id, address)
    select ${id}, ${customerId}, ${JSON.stringify(address)}::jsonb
    where (select count(*) from addresses where customer_id = ${customerId}) < ${atMost}
    returning id`.execute(tx)
  return rows.length === 1
}

/** Replaces an address of this customer; another's is as unknown as one that never was. */
export async function replaceAddress(db: Executor, customerId: string, id: string, address: Address): Promise<boolean> {
  const { rows } = await sql`
    update addresses set address = ${JSON.stringify(address)}::jsonb
    where id = ${id} and customer_id = ${customerId} returning id`.execute(db)
  return rows.length === 1
}

export async function deleteAddress(db: Executor, customerId: string, id: string): Promise<boolean> {
  const { rows } =
    await sql`delete from addresses where id = ${id} and customer_id = ${customerId} returning id`.execute(db)
  return rows.length === 1
}

export type PendingMail = {
  readonly id: number
  readonly template: string
  readonly recipient: string
  readonly mail_values: Record<string, string>
}

export async function addPendingMail(
  db: Executor,
  template: string,
  recipient: string,
  values: Record<string, string>,
): Promise<void> {
  await sql`insert into pending_mails (template, recipient, mail_values)
            values (${template}, ${recipient}, ${JSON.stringify(values)}::jsonb)`.execute(db)
}

export async function oldestPendingMails(db: Executor, limit: number): Promise<PendingMail[]> {
  return (
    await sql<PendingMail>`select id, template, recipient, mail_values from pending_mails order by id limit ${limit}`.execute(
      db,
    )
  ).rows
}

export async function removePendingMail(db: Executor, id: number): Promise<void> {
  await sql`delete from pending_mails where id = ${id}`.execute(db)
}

/** Adds a line to the audit log: ids and names of actions only. */
export async function audit(
  db: Executor,
  entry: { actor: string; action: string; subject: string | null; traceId: string },
): Promise<void> {
  await sql`insert into audit_log (actor, action, subject, trace_id)
            values (${entry.actor}, ${entry.action}, ${entry.subject}, ${entry.traceId})`.execute(db)
}

/** Sessions and tokens whose time is over are of no use to anyone but a thief. */
export async function removeExpired(db: Database): Promise<void> {
  await sql`delete from sessions where expires_at < now()`.execute(db)
  await sql`delete from verifications where expires_at < now()`.execute(db)
}
