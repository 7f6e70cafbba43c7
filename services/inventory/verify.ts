import type { inventory } from '#contracts/inventory'
import type { Input, Outcome } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { type Part, question, verifyPart } from '#kernel/verify'
import * as store from './verify-store.ts'

type Verify = typeof inventory.operations.verify

/** Judges I3 over all levels: nothing promised beyond what is there, promises and movements account for every unit. */
export const verify = ({ db }: { readonly db: Database }, { cursor }: Input<Verify>): Promise<Outcome<Verify>> =>
  verifyPart(
    [
      overpromised(db),
      question(db, 'I3', 'levels promise what orders hold', store.miscountedPromises),
      question(db, 'I3', 'movements sum to levels', store.unaccountedLevels),
    ],
    cursor,
  )

/** Back-orders and short counts explain a promise beyond the stock; both are said, never silent. */
const overpromised =
  (db: Database): Part =>
  async (from) => {
    const what = 'nothing is promised beyond stock, back-orders and counts'
    const { checks, next } = await question(db, 'I3', what, store.overpromised)(from)
    const figures = await store.explainedPromises(db)
    return { checks: checks.map((check) => ({ ...check, figures })), next }
  }
