import type { inventory } from '#contracts/inventory'
import { type Outcome, ok } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { type Findings, miscountedPromises, overpromised, unaccountedLevels, withTimeToVerify } from './store.ts'

type Verify = typeof inventory.operations.verify

/** Judges I3 over all levels: nothing promised beyond what is there, promises and movements account for every unit. */
export async function verify(deps: { readonly db: Database }): Promise<Outcome<Verify>> {
  return withTimeToVerify(deps.db, async (tx) => {
    const over = await overpromised(tx)
    const explained = `${over.backordered} levels with back-orders, ${over.countedShort} with fewer counted than promised`
    return ok({
      checks: [
        check(`nothing is promised beyond stock, back-orders and counts (${explained})`, over),
        check('levels promise what orders hold', await miscountedPromises(tx)),
        check('movements sum to levels', await unaccountedLevels(tx)),
      ],
    })
  })
}

const check = (what: string, { checked, violations }: Findings) => ({ invariant: 'I3', what, checked, violations })
