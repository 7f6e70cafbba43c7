import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CopyReport } from './catalog/copy-catalog.ts'
import type { CatalogStore } from './catalog/store/port.ts'

/** The kinds of store that a catalog can be in. */
export const catalogStores = ['lmdb', 'mongodb'] as const
export type CatalogStoreKind = (typeof catalogStores)[number]

type Places = { readonly dataFolder: string; readonly mongodbUrl: string | null }

/**
 * Copies the catalog from one kind of store to another, beside a shop that may be using it.
 * Throws errors that are one line for a person.
 */
export async function moveCatalog(
  places: Places,
  kinds: { readonly from: CatalogStoreKind; readonly to: CatalogStoreKind },
  options: { readonly final: boolean; readonly onProgress: (step: string) => void },
): Promise<CopyReport> {
  const { copyCatalog } = await import('./catalog/copy-catalog.ts')
  const from = await open(kinds.from, places)
  try {
    const to = await open(kinds.to, places)
    try {
      const ends = [
        { name: titles[kinds.from], contents: from.contents },
        { name: titles[kinds.to], contents: to.contents },
      ] as const
      return await copyCatalog(...ends, options)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

/** Copies the catalog in a data folder, as it is at one moment, to another. A shop that was never started has none. */
export async function backUpCatalog(dataFolder: string, to: string): Promise<void> {
  const [from, copy] = [join(dataFolder, 'catalog'), join(to, 'catalog')]
  if (!existsSync(join(from, 'data.mdb'))) return
  const { copyEnvironment } = await import('./catalog/store/lmdb-environment.ts')
  await copyEnvironment(from, copy)
}

/** Makes the indexes that the catalog in MongoDB stands on. @returns those that were missing */
export async function migrateCatalog(mongodbUrl: string): Promise<readonly string[]> {
  const [{ connect, mongodbBreaker }, { createBreaker }] = await Promise.all([
    import('./catalog/store/mongodb-connection.ts'),
    import('#kernel/dependency'),
  ])
  const connection = await connect(mongodbUrl, createBreaker(mongodbBreaker))
  await connection.close()
  return connection.made
}

/** Throws one line for a person when the MongoDB does not answer: said at once, and not after a PostgreSQL has started. */
export async function reachCatalog(mongodbUrl: string): Promise<void> {
  const { reach } = await import('./catalog/store/mongodb-connection.ts')
  await reach(mongodbUrl)
}

/** What `stoa doctor` says of a catalog in MongoDB. Looks only: what is missing stays so. */
export async function examineCatalog(mongodbUrl: string): Promise<string> {
  const { examine } = await import('./catalog/store/mongodb-connection.ts')
  return examine(mongodbUrl)
}

const titles: Readonly<Record<CatalogStoreKind, string>> = { lmdb: 'LMDB', mongodb: 'MongoDB' }

async function open(kind: CatalogStoreKind, { dataFolder, mongodbUrl }: Places): Promise<CatalogStore> {
  if (kind === 'lmdb') {
    const { openLmdbStore } = await import('./catalog/store/lmdb.ts')
    return openLmdbStore(dataFolder)
  }
  const { openMongodbStore } = await import('./catalog/store/mongodb.ts')
  return openMongodbStore(mongodbUrl ?? '')
}
