import { isDeepStrictEqual } from 'node:util'
import { type Db, type IndexDescription, MongoServerError } from 'mongodb'
import { startError } from '#kernel/data-folder'

type Index = IndexDescription & { readonly name: string; readonly key: Readonly<Record<string, 1 | -1>> }

/**
 * Every index that the catalog stands on, by collection. `makeIndexes` makes what is missing; none is ever taken away or made
 * another, since an older version may run beside this one: what has to change gets another name.
 *
 * The unique ones are rules, not speed: a handle, a SKU and a variant belong to one product. They are sparse where a product may
 * have none of it, and over arrays, so that all of a product's SKUs are part of the write of its one document.
 */
const indexes: Readonly<Record<string, readonly Index[]>> = {
  products: [
    { name: 'handle', key: { 'product.handle': 1 }, unique: true },
    { name: 'skus', key: { skus: 1 }, unique: true, sparse: true },
    { name: 'variants', key: { variantIds: 1 }, unique: true, sparse: true },
    { name: 'former-handles', key: { 'formerHandles.handle': 1 }, sparse: true },
    { name: 'owed', key: { 'owed.dueAt': 1 }, sparse: true },
    // Not sparse: what an older version has written is found by having none.
    { name: 'words', key: { words: 1, _id: -1 } },
  ],
  imports: [{ name: 'state', key: { 'report.state': 1, leaseUntil: 1 } }],
  parts: [{ name: 'import', key: { importId: 1 } }],
  'row-groups': [{ name: 'import-and-row', key: { importId: 1, firstRow: 1 } }],
  rejections: [{ name: 'import-and-row', key: { importId: 1, row: 1 } }],
  marks: [{ name: 'created', key: { createdAt: 1 } }],
  exports: [{ name: 'created', key: { createdAt: 1 } }],
}

/**
 * Makes the indexes that are missing. Any number of processes may do it at the same time, and on a catalog that is in use.
 * Throws `mongodb-index`, with one line for a person, when one cannot be made: two products have one handle, or there is
 * another index of that name.
 * @returns what was made, such as `products.handle`
 */
export async function makeIndexes(db: Db): Promise<string[]> {
  const made: string[] = []
  for (const [collection, wanted] of Object.entries(indexes)) {
    const present = await indexesOf(db, collection)
    for (const index of wanted) {
      if (present.some(({ name }) => name === index.name)) continue
      try {
        await db.collection(collection).createIndexes([index])
        made.push(`${collection}.${index.name}`)
      } catch (error) {
        throw startError(
          'mongodb-index',
          `The index ${collection}.${index.name} cannot be made in MongoDB: ${(error as Error).message}`,
        )
      }
    }
  }
  const [fault] = await indexFaults(db)
  if (fault) throw startError('mongodb-index', `The catalog’s MongoDB lacks what it stands on: ${fault}.`)
  return made
}

/** A sentence for each index that is missing or is not as it has to be. */
export async function indexFaults(db: Db): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(indexes).map(async ([collection, wanted]) => {
      const present = await indexesOf(db, collection)
      return wanted.flatMap((index) => {
        const known = present.find(({ name }) => name === index.name)
        if (!known) return [`the index ${collection}.${index.name} is missing`]
        return isAs(known, index) ? [] : [`the index ${collection}.${index.name} is not as it has to be`]
      })
    }),
  )
  return found.flat()
}

type Present = { readonly name: string; readonly key: unknown; readonly unique?: boolean; readonly sparse?: boolean }

async function indexesOf(db: Db, collection: string): Promise<Present[]> {
  try {
    return (await db.collection(collection).listIndexes().toArray()) as Present[]
  } catch (error) {
    // There is no collection yet.
    if (error instanceof MongoServerError && error.code === 26) return []
    throw error
  }
}

/** A unique index that is not unique any more keeps nobody from anything, and a hidden one is not looked at but still a rule. */
const isAs = (present: Present, wanted: Index): boolean =>
  isDeepStrictEqual({ ...(present.key as object) }, { ...wanted.key }) &&
  (present.unique ?? false) === (wanted.unique ?? false) &&
  (present.sparse ?? false) === (wanted.sparse ?? false) &&
  !('partialFilterExpression' in present)
