import type { ServiceHost } from '#kernel/service'
import type { CatalogStore } from './port.ts'

/**
 * Opens the store that the shop's environment names: MongoDB where `MONGODB_URL` is set, else LMDB in the data folder. Throws
 * errors that are one line for a person.
 */
export async function openStore(
  host: Pick<ServiceHost<unknown>, 'environment' | 'dataFolder' | 'breaker'>,
): Promise<CatalogStore> {
  const url = host.environment.MONGODB_URL?.trim()
  if (!url) {
    const { openLmdbStore } = await import('./lmdb.ts')
    return openLmdbStore(host.dataFolder)
  }
  // The driver takes a while to load, and most shops never need it.
  const [{ openMongodbStore }, { mongodbBreaker }] = await Promise.all([
    import('./mongodb.ts'),
    import('./mongodb-connection.ts'),
  ])
  return openMongodbStore(url, host.breaker(mongodbBreaker))
}
