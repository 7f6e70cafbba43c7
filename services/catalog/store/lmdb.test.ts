import { join } from 'node:path'
import { openLmdbStore } from './lmdb.ts'
import { openEnvironment } from './lmdb-environment.ts'
import type { ProductDocument } from './port.ts'
import { lineOf } from './product-words.ts'
import { storeSuite } from './suite/store-suite.ts'

storeSuite({
  name: 'LMDB',
  open: openLmdbStore,
  module: new URL('./lmdb.ts', import.meta.url).href,
  exportName: 'openLmdbStore',
  async withoutWords(place) {
    const environment = openEnvironment(join(place, 'catalog'))
    const lines = environment.table<string>('lines', 'string')
    const index = environment.index('words')
    const shop = environment.table<string>('shop', 'string')
    await environment.write(() => {
      for (const { key, value } of [...lines.getRange()]) lines.putSync(key, value.trimEnd())
      for (const { key, value } of [...index.getRange()]) index.removeSync(key, value)
      shop.removeSync('words')
    })
    await environment.close()
  },
  async putAsBefore(place, document) {
    const environment = openEnvironment(join(place, 'catalog'))
    const documents = environment.table<ProductDocument>('products', 'json')
    const lines = environment.table<string>('lines', 'string')
    const { id, status } = document.product
    await environment.write(() => {
      lines.putSync(id, `${status}\n${lineOf(document.product)}`)
      documents.putSync(id, document)
    })
    await environment.close()
  },
})
