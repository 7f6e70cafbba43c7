/** Where a service's rows are, as URLs of PostgreSQL. Users and passwords in them are the owner's: services have their own. */
export type DatabaseAddress = {
  /** By which the service reads and writes. It may lead through a pooler, which gives a connection for one transaction. */
  readonly url: string
  /** Past every pooler, for what needs a session: migrations. The same as `url` where there is none. */
  readonly directUrl: string
  /** A copy that follows, for reads that may be stale. */
  readonly replicaUrl: string | null
}

/** The databases of a shop: one for all services, some that have their own, or both. It is data: commands read it from a file. */
export type Databases = {
  readonly shared: DatabaseAddress | null
  readonly own: Readonly<Record<string, DatabaseAddress>>
}

/** The URL of one of a server's databases, by that of another. */
export function inDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** One database for all, without a pooler and without a copy. */
export const oneDatabase = (url: string): Databases => ({
  shared: { url, directUrl: url, replicaUrl: null },
  own: {},
})

export function databaseOf({ shared, own }: Databases, service: string): DatabaseAddress {
  const address = own[service] ?? shared
  if (!address) throw new Error(`database: nobody said where the rows of ${service} are`)
  return address
}

/** Whether a pooler stands between: then a connection is ours for a transaction, and what it is set to is the role's. */
export const isPooled = ({ url, directUrl }: DatabaseAddress): boolean => url !== directUrl

/** The services of each database, in their order. What is the same URL is one database. */
export function byDatabase<S>(
  databases: Databases,
  services: readonly S[],
  nameOf: (service: S) => string,
): [DatabaseAddress, S[]][] {
  const groups = Map.groupBy(services, (one) => databaseOf(databases, nameOf(one)).directUrl)
  return [...groups.values()].map((group) => [databaseOf(databases, nameOf(group[0] as S)), group])
}
