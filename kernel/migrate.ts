import { createHash, createHmac } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { startError } from './data-folder.ts'
import { byDatabase, type DatabaseAddress, type Databases, databaseOf, isPooled } from './database-address.ts'
import { refuseLeftBehind, refuseMovedAway } from './left-behind.ts'
import { connectAsOwner, refusePooler } from './owner-connection.ts'
import type { AnyService } from './service.ts'
import { sessionSettings } from './session-settings.ts'

/** Any number: it only has to be the same in every copy, so that one migrates while the others wait. */
const advisoryLock = 8_610_512
const askAgainMs = 100
/** Waiting longer for a table means live traffic would queue behind the migration; it fails and is tried again. */
const lockTimeoutMs = 3_000

export type MigrationSource = { readonly service: string; readonly folder: string }

/** Of those services that keep rows. */
export const migrationSources = (services: readonly AnyService[]): MigrationSource[] =>
  services.flatMap(({ contract, migrations }) => (migrations ? [{ service: contract.name, folder: migrations }] : []))

export type MigrateOptions = {
  readonly databases: Databases
  /** From which the roles' passwords are derived, so that every copy knows them and no file lists them. */
  readonly secret: string
  readonly services: readonly MigrationSource[]
  readonly kernelFolder?: string
}

/**
 * Creates roles, schemas and tables of `services` in their databases, one database after the other, under an advisory lock in each,
 * forward only, each file once. Every service gets a role that can use its own schema and nothing else.
 * @returns the names of the files that were applied
 * @throws `database-pooled`, `database-left-behind`, `database-moved-away`
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const applied: string[] = []
  for (const [address, services] of byDatabase(options.databases, options.services, ({ service }) => service))
    applied.push(...(await migrateDatabase(address, { ...options, services })))
  return applied
}

async function migrateDatabase(
  { directUrl }: DatabaseAddress,
  { databases, secret, services, kernelFolder }: MigrateOptions,
): Promise<string[]> {
  const client = await connectAsOwner(directUrl)
  try {
    await refusePooler(client)
    await takeTurn(client)
    await client.query('create schema if not exists stoa')
    await client.query(`create table if not exists stoa.migrations (
      service text not null, name text not null, checksum text not null, applied_at timestamptz not null default now(),
      primary key (service, name))`)
    await client.query('alter table stoa.migrations add column if not exists narrows boolean not null default false')
    const database = (await client.query<{ name: string }>('select current_database() as name')).rows[0]?.name ?? ''
    const kernelFiles = await readKernelMigrations(kernelFolder)
    const applied: string[] = []
    for (const { service, folder } of services) {
      const { rows } = await client.query<Applied>('select name, checksum from stoa.migrations where service = $1', [
        service,
      ])
      const pending = pendingFiles(service, [...kernelFiles, ...(await readMigrations(folder, ''))], rows)
      const role = serviceRole(database, service)
      await refuseLeftBehind(client, databases, service, rows.length === 0)
      if (rows.length > 0) await refuseMovedAway(client, service)
      const unset = await missingSettings(client, service, role)
      if (pending.length > 0 || unset.length > 0)
        await prepareSchema(client, service, role, servicePassword(secret, service))
      await setRole(client, role, database, unset)
      for (const file of pending) {
        await applyMigration(client, service, file)
        applied.push(`${service}/${file.name}`)
      }
    }
    return applied
  } finally {
    await client.end()
  }
}

/**
 * Whether the databases of `services` are at this version, asked as each service's own role: who only serves needs no password of
 * the owner. Throws `database-behind`, which names what is missing, and `database-unreachable`.
 */
export async function checkMigrated(options: MigrateOptions): Promise<void> {
  const kernelFiles = await readKernelMigrations()
  for (const { service, folder } of options.services) {
    const address = databaseOf(options.databases, service)
    const client = new pg.Client({
      connectionString: serviceUrl(address.url, options.secret, service),
      connectionTimeoutMillis: 15_000,
      application_name: 'stoa-migrate',
    })
    try {
      await client.connect()
      const mine = `${client.escapeIdentifier(service)}.applied_migrations`
      const { rows } = await client.query<Applied>(`select name, checksum from ${mine}`)
      const pending = pendingFiles(service, [...kernelFiles, ...(await readMigrations(folder, ''))], rows)
      if (pending.length > 0) throw behind(service, pending[0]?.name ?? '')
      const unset = isPooled(address) ? await missingSettings(client, service, client.user ?? '') : []
      if (unset[0]) throw behind(service, `the role’s setting ${unset[0][0]}`)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      if (code === 'database-behind' || !(error instanceof Error)) throw error
      // The role, the schema or the table is not there, or the role has another password.
      if (code && ['28P01', '28000', '3F000', '42P01', '42501'].includes(code))
        throw behind(service, `a role (${message})`)
      throw startError('database-unreachable', `The database does not answer ${service} (${message || code}).`, {
        cause: error,
      })
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}

/** The files that this version has and the rows of a service have not seen yet. */
export async function pendingOf(client: pg.Client, { service, folder }: MigrationSource): Promise<string[]> {
  const { rows } = await client.query<Applied>('select name, checksum from stoa.migrations where service = $1', [
    service,
  ])
  return pendingFiles(service, [...(await migrationsOf(folder))], rows).map(({ name }) => name)
}

const behind = (service: string, what: string): Error =>
  startError('database-behind', `The database of ${service} lacks ${what}: run "stoa migrate" as its owner first.`)

type Applied = Pick<MigrationFile, 'name' | 'checksum'>

/** Those of `files` that were not applied yet. Throws when one was changed since. */
function pendingFiles(service: string, files: MigrationFile[], applied: readonly Applied[]): MigrationFile[] {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]))
  return files.filter(({ name, checksum }) => {
    const known = checksums.get(name)
    if (known !== undefined && known !== checksum)
      throw new Error(`migrate: ${service}/${name} was changed after it was applied; migrations are forward only`)
    return known === undefined
  })
}

const readKernelMigrations = (folder = join(import.meta.dirname, 'migrations')): Promise<MigrationFile[]> =>
  readMigrations(folder, 'kernel/')

/**
 * Waits until no other copy migrates. It asks again and again rather than wait in one statement: an index that is built
 * concurrently waits for every statement that began before it, so a copy that waits for the lock would be waited for.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  const isMine = async (): Promise<boolean> =>
    (await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [advisoryLock])).rows[0]?.mine ===
    true
  while (!(await isMine())) await pause(askAgainMs)
}

/** All files of a service, in the order in which they are applied. */
export async function migrationsOf(folder: string): Promise<readonly MigrationFile[]> {
  return [...(await readKernelMigrations()), ...(await readMigrations(folder, ''))]
}

/** A file whose first line says `-- narrows` takes away what older code needs: copies that do not know it leave. */
const narrows = (file: MigrationFile): boolean => /^--.*\bnarrows\b/.test(file.text)

export type MigrationFile = { readonly name: string; readonly text: string; readonly checksum: string }

async function readMigrations(folder: string, prefix: string): Promise<MigrationFile[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8')
      return { name: prefix + name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

/** One role for each service and database, since roles belong to the whole server. */
export const serviceRole = (database: string, service: string): string => `${database}_${service}`

export const servicePassword = (secret: string, service: string): string =>
  createHmac('sha256', secret).update(`database role ${service}`).digest('base64url')

/** The URL by which `service` signs in to the database that `ownerUrl` names. */
export function serviceUrl(ownerUrl: string, secret: string, service: string): string {
  const url = new URL(ownerUrl)
  url.username = serviceRole(decodeURIComponent(url.pathname.slice(1)), service)
  url.password = servicePassword(secret, service)
  return url.toString()
}

async function prepareSchema(client: pg.Client, service: string, role: string, password: string): Promise<void> {
  const name = client.escapeIdentifier(role)
  const schema = client.escapeIdentifier(service)
  const exists = await client.query('select 1 from pg_roles where rolname = $1', [role])
  const verb = exists.rowCount ? 'alter' : 'create'
  await client.query(`${verb} role ${name} login password ${client.escapeLiteral(password)}`)
  await client.query('create schema if not exists extensions')
  await client.query('create extension if not exists pg_trgm with schema extensions')
  await client.query('create extension if not exists unaccent with schema extensions')
  await client.query(`create schema if not exists ${schema}`)
  await client.query(`grant usage on schema ${schema}, extensions to ${name}`)
  await client.query(
    `alter default privileges in schema ${schema} grant select, insert, update, delete, truncate on tables to ${name}`,
  )
  await client.query(`alter default privileges in schema ${schema} grant usage, select on sequences to ${name}`)
  await client.query(`alter default privileges in schema ${schema} grant execute on functions to ${name}`)
}

/** What a role's sessions are set to is written to the role: a pooler passes on nothing that a client asks for at its start. */
async function setRole(client: pg.Client, role: string, database: string, settings: [string, string][]): Promise<void> {
  for (const [name, value] of settings) {
    // A list of schemas is a list, and not one name with a comma.
    const literal = name === 'search_path' ? value : client.escapeLiteral(value)
    await client.query(
      `alter role ${client.escapeIdentifier(role)} in database ${client.escapeIdentifier(database)} set ${name} = ${literal}`,
    )
  }
}

/** Those that the sessions of `role` in this database are not set to. */
async function missingSettings(client: pg.Client, service: string, role: string): Promise<[string, string][]> {
  const { rows } = await client.query<{ settings: string[] }>(
    `select s.setconfig as settings from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
     join pg_database d on d.oid = s.setdatabase where r.rolname = $1 and d.datname = current_database()`,
    [role],
  )
  const known = new Set(rows[0]?.settings)
  return Object.entries(sessionSettings(service)).filter(([name, value]) => !known.has(`${name}=${value}`))
}

/** Files whose first line says `no transaction` run statement by statement, for concurrent indexes. */
async function applyMigration(client: pg.Client, service: string, file: MigrationFile): Promise<void> {
  const alone = /^--.*\bno transaction\b/.test(file.text)
  await client.query(`set search_path to ${client.escapeIdentifier(service)}, extensions`)
  await client.query(`set lock_timeout to ${lockTimeoutMs}`)
  const record = (): Promise<unknown> =>
    client.query('insert into stoa.migrations (service, name, checksum, narrows) values ($1, $2, $3, $4)', [
      service,
      file.name,
      file.checksum,
      narrows(file),
    ])
  try {
    if (alone) {
      for (const statement of file.text.split(/;\s*$/m).filter((text) => text.trim() !== ''))
        await client.query(statement)
      await record()
    } else {
      await client.query('begin')
      await client.query(file.text)
      await record()
      await client.query('commit')
    }
  } catch (error) {
    if (!alone) await client.query('rollback')
    throw new Error(`migrate: ${service}/${file.name} failed: ${(error as Error).message}`, { cause: error })
  } finally {
    await client.query('reset search_path')
  }
}
