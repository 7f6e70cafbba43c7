import type { catalog } from '#contracts/catalog'
import type { inventory } from '#contracts/inventory'
import type { Client } from '#kernel/client'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Database } from '#kernel/database'
import { levelsOf, setLevels, unknownLocations } from './store.ts'

type SetLevel = typeof inventory.operations.setLevel
type SetLevels = typeof inventory.operations.setLevels

/** Sets what staff counted. What orders hold stays theirs: the level may then promise more than is there, and says so. */
export async function setLevel(
  deps: {
    readonly db: Database
    readonly catalog: Pick<Client<typeof catalog>, 'sellable'>
    readonly lowStock: number
  },
  { variantId, locationId, onHand }: Input<SetLevel>,
): Promise<Outcome<SetLevel>> {
  const known = await deps.catalog.sellable({ variantIds: [variantId] })
  if (!known.ok || known.value.items.length === 0)
    return refuse('inventory/unknown-variant', `The catalog has no variant ${variantId}.`)
  if ((await unknownLocations(deps.db, [locationId])).length > 0) return unknownLocation([locationId])

  await setLevels(deps.db, [{ variantId, locationId, onHand }], null, deps.lowStock)
  const level = (await levelsOf(deps.db, [variantId])).find((one) => one.locationId === locationId)
  if (!level) throw new Error(`inventory: the level of ${variantId} at ${locationId} was set and is not there`)
  return ok(level)
}

/** Sets counted stock of many variants, for imports and seeding: whoever calls knows the variants. */
export async function setManyLevels(
  deps: { readonly db: Database; readonly lowStock: number },
  { levels, reason, isNew }: Input<SetLevels>,
): Promise<Outcome<SetLevels>> {
  const named = [...new Set(levels.flatMap(({ locationId }) => (locationId === null ? [] : [locationId])))]
  const unknown = await unknownLocations(deps.db, named)
  if (unknown.length > 0) return unknownLocation(unknown)

  await setLevels(deps.db, levels, reason, deps.lowStock, isNew)
  return ok({})
}

const unknownLocation = (ids: readonly string[]) =>
  refuse('inventory/unknown-location', `There is no location ${ids.join(', ')}.`)
