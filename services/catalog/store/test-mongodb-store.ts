import { basename } from 'node:path'
import { openMongodbStore } from './mongodb.ts'
import type { CatalogStore } from './port.ts'

/** The store of a test, in a database of its own on the server that `STOA_TEST_MONGODB` names. */
export function openTestMongodbStore(place: string): Promise<CatalogStore> {
  const url = process.env.STOA_TEST_MONGODB
  if (!url) throw new Error('STOA_TEST_MONGODB is not set')
  return openMongodbStore(`${url}/${basename(place)}`)
}
