import { cartAbandoned } from '#events/cart'
import { type Database, inTransaction } from '#kernel/database'
import { publish } from '#kernel/outbox'
import { deleteLeft, markAbandoned } from './store.ts'

/** Carts a statement: short enough to lock nobody out, enough for a shop's day in a few rounds. */
const batch = 500

/** Tells of carts that were left for a day though an e-mail address is known: once of each. @returns how many */
export async function tellAbandoned(db: Database): Promise<number> {
  let told = 0
  for (;;) {
    const carts = await inTransaction(db, async (tx) => {
      const abandoned = await markAbandoned(tx, batch)
      for (const { rowId, market, lines, version } of abandoned) {
        await publish(tx, cartAbandoned, { subject: rowId, sequence: version, data: { market, lines } })
      }
      return abandoned
    })
    told += carts.length
    if (carts.length < batch) return told
  }
}

/** Deletes carts that were left for 30 days. @returns how many */
export async function forgetLeft(db: Database): Promise<number> {
  let deleted = 0
  for (;;) {
    const round = await deleteLeft(db, batch)
    deleted += round
    if (round < batch) return deleted
  }
}
