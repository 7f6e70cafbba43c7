import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startError } from '#kernel/data-folder'
import type { ServiceHost } from '#kernel/service'
import type { CatalogStore } from './port.ts'

/**
 * Opens the store that the shop's environment names: MongoDB where `MONGODB_URL` is set, else LMDB in the data folder. Throws
 * errors that are one line for a person, also where the catalog lives in the other one: a shop that seems empty, or that is
 * changed in two places, is worse than one that does not start.
 */
export async function openStore(
  host: Pick<ServiceHost<unknown>, 'environment' | 'dataFolder' | 'breaker'>,
): Promise<CatalogStore> {
  const url = host.environment.MONGODB_URL?.trim()
  const store = url ? await openMongodb(host, url) : await openLmdb(host.dataFolder)
  try {
    const residence = await store.contents.residence()
    if (residence?.state === 'moved') throw elsewhere(url ? 'mongodb' : 'lmdb')
    if (residence?.state === 'arriving')
      throw startError(
        'catalog-unfinished',
        'The catalog here is a copy that was not finished. Finish it with "stoa catalog copy" and --final, or start where it was copied from.',
      )
    if (url && residence === null && (await isEmpty(store)) && (await isInFolder(host.dataFolder)))
      throw startError(
        'catalog-not-copied',
        `MONGODB_URL names an empty database, and the shop’s catalog is in ${join(host.dataFolder, 'catalog')}. Copy it with "stoa catalog copy --from lmdb --to mongodb --final", or remove that folder.`,
      )
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

const elsewhere = (kind: 'lmdb' | 'mongodb') =>
  startError(
    'catalog-moved',
    kind === 'lmdb'
      ? 'The catalog was moved to MongoDB. Start with MONGODB_URL, or bring it back with "stoa catalog copy --from mongodb --to lmdb --final".'
      : 'The catalog was moved to LMDB. Start without MONGODB_URL, or bring it back with "stoa catalog copy --from lmdb --to mongodb --final".',
  )

async function openLmdb(dataFolder: string): Promise<CatalogStore> {
  const { openLmdbStore } = await import('./lmdb.ts')
  return openLmdbStore(dataFolder)
}

async function openMongodb(host: Pick<ServiceHost<unknown>, 'breaker'>, url: string): Promise<CatalogStore> {
  // The driver takes a while to load, and most shops never need it.
  const [{ openMongodbStore }, { mongodbBreaker }] = await Promise.all([
    import('./mongodb.ts'),
    import('./mongodb-connection.ts'),
  ])
  return openMongodbStore(url, host.breaker(mongodbBreaker))
}

const isEmpty = async (store: CatalogStore): Promise<boolean> => (await store.scan('', 1)).length === 0

async function isInFolder(dataFolder: string): Promise<boolean> {
  if (!existsSync(join(dataFolder, 'catalog'))) return false
  const store = await openLmdb(dataFolder)
  try {
    return (await store.contents.residence())?.state !== 'moved' && !(await isEmpty(store))
  } finally {
    await store.close()
  }
}
