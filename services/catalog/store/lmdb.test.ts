import { openLmdbStore } from './lmdb.ts'
import { storeSuite } from './store-suite.ts'

storeSuite({
  name: 'LMDB',
  open: openLmdbStore,
  module: new URL('./lmdb.ts', import.meta.url).href,
  exportName: 'openLmdbStore',
})
