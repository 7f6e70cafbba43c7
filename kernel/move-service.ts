import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { startError } from './data-folder.ts'
import type { DatabaseAddress } from './database-address.ts'
import { hasTables, markOf, unfinishedMove } from './left-behind.ts'
import { type MigrationSource, migrate, pendingOf, serviceRole } from './migrate.ts'
import { connectAsOwner, refusePooler } from './owner-connection.ts'

/** What of a table came over: as many rows, with the same sum over all that is in them, in both databases. */
export type MovedTable = { readonly name: string; readonly rows: number }

/** Whoever still writes is given so long to end, and not longer: it is the service that should have been stopped. */
const lockTimeout = '5s'

/**
 * Moves the rows of one service to a database of its own. Its tables are made there as migrations make them, with the months that there
 * are; all rows are copied while nobody can write them, and compared; then the schema that they came from is called `…_moved`,
 * where nobody reads or writes it but its owner. What fails before that leaves the service where it is. It can be done again in any case.
 * @param from the database of all services, `to` its own: both as their owner
 * @throws `move-nothing`, `move-same-database`, `move-service-runs`, `move-target-taken`, `move-differs`, `database-behind`, `database-pooled`
 */
export async function moveService(options: {
  readonly from: DatabaseAddress
  readonly to: DatabaseAddress
  readonly secret: string
  readonly source: MigrationSource
  readonly onTable: (table: MovedTable) => void
}): Promise<MovedTable[]> {
  const { from, to, source } = options
  await using open = new AsyncDisposableStack()
  const connect = async ({ directUrl }: DatabaseAddress): Promise<pg.Client> => {
    const client = await connectAsOwner(directUrl)
    open.defer(() => client.end())
    await refusePooler(client)
    return client
  }
  const [old, own] = [await connect(from), await connect(to)]
  await refuseSameDatabase(old, own)
  // It ended between its last two steps.
  if (!(await hasTables(old, source.service)) && (await markOf(own, source.service)) === unfinishedMove) {
    await markWhole(own, source.service)
    return []
  }
  await refuseWhatCannotMove(old, source)
  await prepareTarget(own, source.service)
  await migrate({
    databases: { shared: null, own: { [source.service]: to } },
    secret: options.secret,
    services: [source],
  })

  await begin(old, source.service)
  const tables = await tablesOf(old)
  await lockTables(old, source.service, tables)
  await begin(own, source.service)
  await makeSameParts(old, own)
  const moved = await copyTables(old, own, tables, options.onTable)
  await copySequences(old, own)
  await own.query('commit')
  await own.query('analyze')
  // Until both have happened the service starts in neither database, and this can be done again.
  await putAway(old, source.service)
  await old.query('commit')
  await markWhole(own, source.service)
  return moved
}

async function markWhole(own: pg.Client, service: string): Promise<void> {
  await own.query(`comment on schema ${own.escapeIdentifier(service)} is null`)
}

async function begin(client: pg.Client, service: string): Promise<void> {
  await client.query('begin')
  await client.query(`set local search_path to ${client.escapeIdentifier(service)}, extensions`)
  await client.query(`set local lock_timeout to '${lockTimeout}'`)
  // The same text for the same value, on both sides.
  await client.query("set local timezone to 'UTC'; set local datestyle to 'ISO'; set local extra_float_digits to 1")
}

/** Two addresses can lead to one database: by another name of its host, or by a socket. */
async function refuseSameDatabase(old: pg.Client, own: pg.Client): Promise<void> {
  const which = async (client: pg.Client): Promise<string> => {
    const { rows } = await client.query<{ which: string }>(
      `select (select system_identifier from pg_control_system()) || ' ' || current_database() as which`,
    )
    return rows[0]?.which ?? ''
  }
  if ((await which(old)) === (await which(own)))
    throw startError('move-same-database', 'Both addresses lead to the same database: there is nothing to move.')
}

async function refuseWhatCannotMove(old: pg.Client, source: MigrationSource): Promise<void> {
  const { service } = source
  if (!(await hasTables(old, service)))
    throw startError('move-nothing', `The database of all services has no rows of ${service}: nothing is to be moved.`)
  const pending = await pendingOf(old, source)
  if (pending.length > 0)
    throw startError(
      'database-behind',
      `The rows of ${service} are not at this version: run "stoa migrate" without the address of its own database first.`,
    )
  const sessions = await old.query(
    `select 1 from pg_stat_activity where datname = current_database() and usename = $1`,
    [serviceRole(old.database ?? '', service)],
  )
  if (sessions.rows.length > 0)
    throw startError(
      'move-service-runs',
      `${service} has ${sessions.rows.length} connections to the database that its rows are in: stop its copies first.`,
    )
}

/** The schema is made here, with its mark, before the first migration makes anything in it. */
async function prepareTarget(own: pg.Client, service: string): Promise<void> {
  if ((await markOf(own, service)) === unfinishedMove) return
  const { rows } = await own.query('select 1 from pg_namespace where nspname = $1', [service])
  if (rows.length > 0)
    throw startError(
      'move-target-taken',
      `The database ${own.database} at ${own.host} has a schema ${service} already: name an empty one, or drop it there together with its lines of stoa.migrations.`,
    )
  const schema = own.escapeIdentifier(service)
  await own.query(`create schema ${schema}; comment on schema ${schema} is ${own.escapeLiteral(unfinishedMove)}`)
}

type Table = { readonly name: string; readonly columns: string }

/** Tables in an order in which each comes after those that it refers to. What a crash may lose is not moved: it is counted anew. */
async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table & { refers: string[] }>(
    `select quote_ident(c.relname) as name,
       (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       array(select distinct quote_ident(o.relname) from pg_constraint k join pg_class o on o.oid = k.confrelid
             where k.conrelid = c.oid and k.contype = 'f' and o.oid <> c.oid and not o.relispartition) as refers
     from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition and c.relpersistence = 'p' order by 1`,
  )
  const sorted: Table[] = []
  for (let left = rows; left.length > 0; ) {
    const open = new Set(left.map(({ name }) => name))
    const next = left.filter(({ refers }) => !refers.some((name) => open.has(name)))
    if (next.length === 0) throw new Error(`move: ${[...open].join(', ')} refer to each other in a circle`)
    sorted.push(...next)
    left = left.filter((one) => !next.includes(one))
  }
  return sorted
}

/** From here on the rows can be read, and nobody writes them. */
async function lockTables(old: pg.Client, service: string, tables: readonly Table[]): Promise<void> {
  const names = tables.map(({ name }) => name).sort()
  await old.query(`lock table ${names.join(', ')} in share mode`).catch((error: { code?: string }) => {
    throw error.code === '55P03'
      ? startError('move-service-runs', `Somebody is writing rows of ${service}: nothing was moved.`)
      : error
  })
}

/** Migrations begin with the months of today: those that rows already lie in are made here, as they are there. */
async function makeSameParts(old: pg.Client, own: pg.Client): Promise<void> {
  const text = `
    select quote_ident(p.relname) as parent, c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relnamespace = current_schema()::regnamespace and c.relkind = 'r' order by c.relname`
  type Part = { readonly parent: string; readonly name: string; readonly bound: string }
  for (const { name } of (await own.query<Part>(text)).rows) await own.query(`drop table ${own.escapeIdentifier(name)}`)
  for (const { parent, name, bound } of (await old.query<Part>(text)).rows) {
    await own.query(`create table ${own.escapeIdentifier(name)} partition of ${parent} ${bound}`)
    await own.query('select close_part($1)', [name])
  }
}

async function copyTables(
  old: pg.Client,
  own: pg.Client,
  tables: readonly Table[],
  onTable: (table: MovedTable) => void,
): Promise<MovedTable[]> {
  const names = tables.map(({ name }) => name)
  // What migrations wrote is among what is copied. Rules for the service, such as that history only grows, are not for its owner.
  for (const name of names) await own.query(`alter table ${name} disable trigger user`)
  await own.query(`truncate ${names.join(', ')} cascade`)
  const moved: MovedTable[] = []
  for (const { name, columns } of tables) {
    await pipeline(
      old.query(copyTo(`copy (select ${columns} from ${name}) to stdout`)),
      own.query(copyFrom(`copy ${name} (${columns}) from stdin`)),
    )
    const [there, here] = [await sumOf(old, name, columns), await sumOf(own, name, columns)]
    if (there.rows !== here.rows || there.sum !== here.sum)
      throw startError('move-differs', `${name} is not the same in both databases: nothing was moved.`)
    moved.push({ name, rows: Number(here.rows) })
    onTable({ name, rows: Number(here.rows) })
  }
  for (const name of names) await own.query(`alter table ${name} enable trigger user`)
  return moved
}

/** How many rows, and a sum over the text of each: the order in which they lie does not matter. */
async function sumOf(client: pg.Client, name: string, columns: string): Promise<{ rows: string; sum: string }> {
  const { rows } = await client.query<{ rows: string; sum: string }>(
    `select count(*) as rows, coalesce(sum(hashtextextended(row(${columns})::text, 0)::numeric), 0)::text as sum from ${name}`,
  )
  return rows[0] ?? { rows: '', sum: '' }
}

async function copySequences(old: pg.Client, own: pg.Client): Promise<void> {
  // By the column that a sequence belongs to where there is one: tables that were parted have another name for theirs.
  const text = `
    select s.sequencename as name, s.last_value, t.relname as table_name, a.attname as column_name
    from pg_sequences s
    join pg_class c on c.relname = s.sequencename and c.relnamespace = current_schema()::regnamespace
    left join pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'i'
    left join pg_class t on t.oid = d.refobjid
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where s.schemaname = current_schema() order by 1`
  const { rows } = await old.query<{
    name: string
    last_value: string | null
    table_name: string | null
    column_name: string
  }>(text)
  for (const { name, last_value, table_name, column_name } of rows)
    if (last_value !== null)
      await own.query(
        `select setval(coalesce(pg_get_serial_sequence(quote_ident($2), $3), quote_ident($1))::regclass, $4)`,
        [name, table_name, column_name, last_value],
      )
}

/** Whoever still knows the old address only gets errors from here on, and writes nothing that is lost. */
async function putAway(old: pg.Client, service: string): Promise<void> {
  const role = old.escapeIdentifier(serviceRole(old.database ?? '', service))
  const [schema, moved] = [service, `${service}_moved`].map((name) => old.escapeIdentifier(name))
  await old.query(`revoke all on all tables in schema ${schema} from ${role}`)
  await old.query(`revoke all on schema ${schema} from ${role}`)
  await old.query(`alter schema ${schema} rename to ${moved}`)
}
