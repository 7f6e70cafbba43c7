import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { newId } from '#kernel/id'
import type { CatalogStore, ProductDocument } from '../port.ts'
import { deadLetterTests, eventTests } from './event-suite.ts'
import { importTests } from './import-suite.ts'
import { otherDocumentTests } from './other-documents-suite.ts'
import { processTests } from './process-suite.ts'
import { productTests } from './product-suite.ts'
import { olderSearchTests, searchTests } from './search-suite.ts'
import type { ChildOrder } from './store-suite-child.ts'

export type Adapter = {
  readonly name: string
  /** Opens the store that `place` names; two calls with one place give two handles on one store. */
  readonly open: (place: string) => CatalogStore | Promise<CatalogStore>
  /** The same function for another process: a module's URL and its export. */
  readonly module: string
  readonly exportName: string
  /** Makes of a store what the version before wrote, which knew of no index of words. */
  readonly withoutWords: (place: string) => Promise<void>
  /** Writes a product that is there, with another title, as the version before does. */
  readonly putAsBefore: (place: string, document: ProductDocument) => Promise<void>
}

/** What every store adapter must hold. Each test has a store of its own. */
export function storeSuite(adapter: Adapter): void {
  describe(`${adapter.name}: the catalog store`, () => {
    let places = ''
    const opened: CatalogStore[] = []
    before(async () => {
      places = await mkdtemp(join(tmpdir(), 'stoa-store-'))
    })
    after(async () => {
      await Promise.all(opened.map((store) => store.close()))
      await rm(places, { recursive: true, force: true })
    })
    const open = async (place: string): Promise<CatalogStore> => {
      const store = await adapter.open(place)
      opened.push(store)
      return store
    }
    const newPlace = (): string => join(places, newId('place'))
    const newStore = (): Promise<CatalogStore> => open(newPlace())
    const child = (place: string, order: ChildOrder): ChildProcess =>
      fork(
        join(import.meta.dirname, 'store-suite-child.ts'),
        [adapter.module, adapter.exportName, place, JSON.stringify(order)],
        { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
      )

    productTests(newStore)
    searchTests(newStore)
    olderSearchTests(open, newPlace, adapter)
    eventTests(newStore)
    deadLetterTests(newStore)
    processTests(open, newPlace, child)
    otherDocumentTests(newStore)
    importTests(newStore)
  })
}
