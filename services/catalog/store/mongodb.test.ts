import { basename } from 'node:path'
import { after, before, describe } from 'node:test'
import { type Collection, MongoClient } from 'mongodb'
import { noMongodb, startTestMongodb, type TestMongodb } from '../../../test/mongodb.ts'
import { type StoredProduct, toStored } from './mongodb-document.ts'
import { storeSuite } from './suite/store-suite.ts'
import { openTestMongodbStore } from './test-mongodb-store.ts'

describe('the catalog in MongoDB', { skip: noMongodb }, () => {
  let server: TestMongodb
  before(async () => {
    server = await startTestMongodb()
    // For the processes that the suite starts as well.
    process.env.STOA_TEST_MONGODB = server.url
  })
  after(() => server?.stop())

  const inProducts = async (place: string, work: (products: Collection<StoredProduct>) => Promise<unknown>) => {
    const client = await MongoClient.connect(server.url)
    await work(client.db(basename(place)).collection('products'))
    await client.close()
  }
  storeSuite({
    name: 'MongoDB',
    open: openTestMongodbStore,
    module: new URL('./test-mongodb-store.ts', import.meta.url).href,
    exportName: 'openTestMongodbStore',
    withoutWords: (place) => inProducts(place, (products) => products.updateMany({}, { $unset: { words: 1 } })),
    putAsBefore: (place, document) =>
      inProducts(place, async (products) => {
        const { words: _, ...stored } = toStored(document, { formerHandles: [], owed: [], revision: 1_000 })
        await products.replaceOne({ _id: document.product.id }, stored)
      }),
  })
})
