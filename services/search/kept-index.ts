import type { Stale } from '#kernel/database'
import { forAllWhoAsk, whileThereIsTime } from './shared-read.ts'
import { changesSince, isChangedSince, type Place } from './store.ts'
import { type TermIndex, termIndex } from './term-index.ts'

/** The term index of this process as it is now, and how far news are. Made when first asked for: a start need not wait for it. */
export type KeptIndex = (db: Stale) => Promise<{ readonly terms: TermIndex; readonly news: number }>

/**
 * Keeps a term index up to date: each time somebody asks, the database is asked what has changed since, which is next to nothing
 * most times. So no copy answers by what another has overwritten.
 */
export function keptIndex(): KeptIndex {
  const index = termIndex()
  let place: Place | null = null
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null

  const read = async (db: Stale): Promise<void> => {
    if (place !== null) {
      const { isChanged, news } = await isChangedSince(db, place)
      place = { ...place, news }
      if (!isChanged) return
    }
    const { place: reached, ...change } = await (place === null
      ? forAllWhoAsk(() => changesSince(db, null))
      : changesSince(db, place))
    index.apply(change)
    place = reached
  }
  /** One after the other, since what was read first must not be written last. One that has not begun is for all who ask. */
  const readNext = async (db: Stale): Promise<void> => {
    await running.catch(() => undefined)
    running = next ?? Promise.resolve()
    next = null
    await read(db)
  }
  return async (db) => {
    next ??= readNext(db)
    await whileThereIsTime(next)
    return { terms: index, news: place?.news ?? 0 }
  }
}
