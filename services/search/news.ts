import type { search } from '#contracts/search'
import { type Input, type Outcome, ok } from '#kernel/contract'
import type { Database, Stale } from '#kernel/database'
import { newsReached, newsSince } from './store.ts'

type News = typeof search.operations.news

/**
 * Which products may be shown differently since `place`. Listings are read from a copy, where there is one: news that it has not seen
 * are late, or a listing made of it would be taken for one that is newer than they are.
 */
export async function news(
  { db, stale }: { readonly db: Database; readonly stale: Stale },
  { place }: Input<News>,
): Promise<Outcome<News>> {
  const told = await newsSince(db, place)
  return ok({ ...told, late: told.late || (await newsReached(stale)) < told.place })
}
