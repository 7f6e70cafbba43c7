import type { Filter } from 'mongodb'
import { behindSearches } from './behind-searches.ts'
import type { Connection } from './mongodb-connection.ts'
import { type StoredProduct, toProduct, wordsOf } from './mongodb-document.ts'
import type { ListFilter, ProductDocument } from './port.ts'
import { type Beginning, comparedWordsAtMost, longest, stateEntry, typed, wholeEntry } from './product-words.ts'

/** Products of which one entry is, or begins, so. */
type Lead = {
  readonly entries: RegExp | string
  /** Up to `comparedAtMost`. */
  readonly count: number
  /** Whatever can be found is among them, however the words are looked for. */
  readonly hasAll?: true
}

/** Products that are counted of each word: one that has more is as good a lead as any other, and MongoDB's plan as good as ours. */
const comparedAtMost = 2_000
/** Documents that are given their entries at once. */
const filledAtOnce = 200
const pauseMs = 20
const lookEveryMs = 60_000

/**
 * How staff find products. What an older version has written has no entries: it is found by its line until it has some, which it
 * is given behind searches.
 */
export function mongodbWords(connection: Connection): {
  list(filter: ListFilter): Promise<ProductDocument[]>
  close(): Promise<void>
} {
  const { ask } = connection
  const documents = connection.collection<StoredProduct>('products')
  const filling = fillIn(connection)

  const lead = async (entries: RegExp | string): Promise<Lead> => {
    const count = await ask(() => documents.countDocuments({ words: entries }, { limit: comparedAtMost }))
    return { entries, count }
  }
  const leadsOf = async (word: string): Promise<Lead[]> => {
    const { whole, pieces } = typed(word)
    if (whole !== null) {
      // Texts with signs are mostly of one product. What begins so with many is looked for by its pieces.
      const found = await lead(beginning(wholeEntry(whole)))
      if (found.count > 0 && found.count < comparedAtMost) return [found]
    }
    const all = await Promise.all(
      pieces
        .slice(0, comparedWordsAtMost)
        .map(({ text, isEntry }: Beginning) => lead(isEntry ? text : beginning(text))),
    )
    return all.filter(({ count }) => count > 0)
  }
  /** The same for every page of a search: only then no product is missing between two. */
  const leadOf = async ({ words, status }: ListFilter): Promise<Lead | null> => {
    const leads = (await Promise.all(longest(words).map(leadsOf))).flat()
    if (status !== null && (words.length === 0 || leads.length > 0))
      leads.push({ ...(await lead(stateEntry(status))), hasAll: true })
    return leads.toSorted((a, b) => a.count - b.count)[0] ?? null
  }
  const page = async ({ words, status, before, limit }: ListFilter, lead: Lead | null): Promise<ProductDocument[]> => {
    const filter: Filter<StoredProduct> = {
      ...(before === null ? {} : { _id: { $lt: before } }),
      ...(status === null ? {} : { 'product.status': status }),
      ...(words.length > 0 ? { $and: words.map((word) => ({ line: { $regex: literally(word) } })) } : {}),
      // One range of the index for what has entries, and one for what has none.
      ...(lead === null ? {} : { words: { $in: [lead.entries, null] as string[] } }),
    }
    const found = await ask(() => documents.find(filter).sort({ _id: -1 }).limit(limit).toArray())
    return found.map(toProduct)
  }

  return {
    async list(filter) {
      const { words, status, before } = filter
      if (words.some((word) => word.includes('\0'))) return []
      if (words.length === 0 && status === null) return page(filter, null)
      filling.start()
      const lead = await leadOf(filter)
      const found = await page(filter, lead)
      if (found.length > 0 || lead === null || lead.hasAll) return found
      const isPastLast = before !== null && (await page({ ...filter, before: null, limit: 1 }, lead)).length > 0
      return isPastLast ? found : page(filter, null)
    },
    close: filling.close,
  }
}

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
const beginning = (text: string): RegExp => new RegExp(`^${literally(text)}`)

/** Gives entries to documents that have none, a few at a time: every minute, as long as somebody searches. */
function fillIn({ ask, change, collection }: Connection) {
  const documents = collection<StoredProduct>('products')
  return behindSearches({ everyMs: lookEveryMs, afterFailureMs: lookEveryMs }, async (isClosed) => {
    while (!isClosed()) {
      const missing = await ask(() =>
        documents
          .find({ words: null as never })
          .limit(filledAtOnce)
          .toArray(),
      )
      if (missing.length === 0) return
      // Who has written the document meanwhile has raised its revision.
      const writes = missing.map((stored) => ({
        updateOne: {
          filter: { _id: stored._id, revision: stored.revision },
          update: { $set: { words: wordsOf(toProduct(stored).product) } },
        },
      }))
      await change(() => documents.bulkWrite(writes, { ordered: false }))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  })
}
