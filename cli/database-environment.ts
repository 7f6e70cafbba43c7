import type { DatabaseAddress, Databases } from '#kernel/database-address'
import { allServiceNames } from '../services/names.ts'

/** Services that keep nothing in PostgreSQL, and where they keep what they have. */
const withoutRows: Readonly<Record<string, string>> = {
  catalog: 'catalog keeps its goods in MONGODB_URL or in the data folder',
  shipping: 'shipping keeps nothing',
}
/** Those that may have a database of their own; the sandbox provider is no service, and keeps its books in one all the same. */
export const keepingRows: readonly string[] = [...allServiceNames.filter((name) => !(name in withoutRows)), 'sandbox']

/** Of each database: where it is, where it is past a pooler, and where a copy of it is. */
const kinds = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL'] as const
const variableOf = (service: string, kind: string): string => `STOA_${service.toUpperCase()}_${kind}`

/** Every variable that names a database, with its password. */
export const databaseVariables: readonly string[] = [
  ...kinds,
  ...keepingRows.flatMap((service) => kinds.map((kind) => variableOf(service, kind))),
]

/**
 * What the environment says of PostgreSQL: one database for all, and services with their own. `shared` is null where none is named.
 * @param url reads a variable that is a URL of PostgreSQL, and says what is wrong with it
 * @param fault is told what else is wrong
 */
export function readDatabases(
  variables: Readonly<Record<string, string | undefined>>,
  url: (name: string) => string | null,
  fault: (text: string) => void,
): Databases {
  const read = (name: (kind: string) => string): DatabaseAddress | null => {
    const [at, direct, replica] = kinds.map((kind) => url(name(kind)))
    if (at) return { url: at, directUrl: direct ?? at, replicaUrl: replica ?? null }
    for (const kind of kinds.slice(1))
      if (variables[name(kind)])
        fault(`${name(kind)} is set without ${name('DATABASE_URL')}, whose database it is about`)
    return null
  }
  for (const name of Object.keys(variables)) {
    const service = /^STOA_(\w+?)_DATABASE(?:_DIRECT|_REPLICA)?_URL(?:_FILE)?$/.exec(name)?.[1]?.toLowerCase()
    if (service === undefined || keepingRows.includes(service)) continue
    fault(
      `${name} names no service that has a database: ${withoutRows[service] ?? `they are ${keepingRows.join(', ')}`}`,
    )
  }
  const own: Record<string, DatabaseAddress> = {}
  for (const service of keepingRows) {
    const address = read((kind) => variableOf(service, kind))
    if (address) own[service] = address
  }
  const shared = read((kind) => kind)
  // Where there is nothing for all, the sandbox's books are beside those of payments.
  if (!shared && own.payments) own.sandbox ??= own.payments
  return { shared, own }
}

/** Of `parts`, those whose rows have no place that somebody named. */
export const withoutDatabase = ({ shared, own }: Databases, parts: Iterable<string>): string[] =>
  shared ? [] : [...parts].filter((part) => keepingRows.includes(part) && !own[part])
