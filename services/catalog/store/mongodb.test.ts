import { after, before, describe } from 'node:test'
import { noMongodb, startTestMongodb, type TestMongodb } from '../../../test/mongodb.ts'
import { storeSuite } from './store-suite.ts'
import { openTestMongodbStore } from './test-mongodb-store.ts'

describe('the catalog in MongoDB', { skip: noMongodb }, () => {
  let server: TestMongodb
  before(async () => {
    server = await startTestMongodb()
    // For the processes that the suite starts as well.
    process.env.STOA_TEST_MONGODB = server.url
  })
  after(() => server?.stop())

  storeSuite({
    name: 'MongoDB',
    open: openTestMongodbStore,
    module: new URL('./test-mongodb-store.ts', import.meta.url).href,
    exportName: 'openTestMongodbStore',
  })
})
