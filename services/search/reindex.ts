import type { search } from '#contracts/search'
import { type Outcome, ok } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { entriesOf, type Neighbors } from './read-products.ts'
import { forgetUnread, nextRead, putProducts } from './store.ts'

type Reindex = typeof search.operations.reindex

/** Products a step: a transaction of some hundred milliseconds. */
const pageSize = 250

/** Builds every listing row anew. Listings stay readable, and events that come meanwhile are not overwritten. */
export async function reindex(deps: Neighbors): Promise<Outcome<Reindex>> {
  const since = await nextRead(deps.db)
  let products = 0
  let cursor: string | null = null
  do {
    const read = await nextRead(deps.db)
    const page = await deps.catalog.scan({ limit: pageSize, ...(cursor === null ? {} : { cursor }) })
    if (!page.ok) throw new Error('search: catalog refused to tell its products')
    const entries = await entriesOf(deps, page.value.items)
    await inTransaction(deps.db, (tx) => putProducts(tx, { read, entries }, { since }))
    products += page.value.items.length
    cursor = page.value.nextCursor
  } while (cursor !== null)
  // What nobody read since is in catalog no more.
  await inTransaction(deps.db, (tx) => forgetUnread(tx, since))
  return ok({ products })
}
