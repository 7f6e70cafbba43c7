import { join } from 'node:path'
import { catalog } from '#contracts/catalog'
import { InventorySettings, inventory } from '#contracts/inventory'
import { orderCanceled, orderFulfilled, orderPlaced } from '#events/orders'
import type { Client } from '#kernel/client'
import { ok, refuse } from '#kernel/contract'
import { fromCursor, toCursor } from '#kernel/fields'
import { gather } from '#kernel/gather'
import { withAnswer } from '#kernel/idempotency'
import { on, onAll } from '#kernel/inbox'
import { validationFailed } from '#kernel/problem'
import { service } from '#kernel/service'
import { inventoryFigures } from './figures-store.ts'
import { reserve } from './reserve.ts'
import { setLevel, setManyLevels } from './set-level.ts'
import * as store from './store.ts'
import { verify } from './verify.ts'
import { pageOfOrderIds } from './verify-store.ts'

/** A statement of this many takes some milliseconds, and a commit is shared by as many. */
const batchAtMost = 256
/** More would wait for a second or so; they hear at once that they should come back. */
const queueAtMost = 10_000

type Availability = readonly { readonly variantId: string; readonly available: number }[]

/** Locations, levels, holds, allocations and the ledger of stock. */
export const inventoryService = service({
  contract: inventory,
  settings: InventorySettings,
  calls: [catalog],
  connections: 6,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async ({ db, client, settings: { lowStock } }) => {
    await store.ensureDefaultLocation(db)
    const limits = { service: 'inventory', batchAtMost, queueAtMost }
    const hold = gather<store.HoldRequest, store.HoldVerdict>({
      ...limits,
      what: 'hold stock',
      idOf: ({ orderId }) => orderId,
      run: (requests) => store.hold(db, requests, lowStock),
    })
    const release = gather<store.ReleaseRequest, 'released'>({
      ...limits,
      what: 'give stock back',
      idOf: ({ orderId }) => orderId,
      run: (requests) => store.release(db, requests, lowStock),
    })
    const available = gather<readonly string[], Availability>({
      ...limits,
      what: 'say what is left',
      run: async (asked) => {
        const left = await store.availability(db, [...new Set(asked.flat())])
        const units = new Map(left.map(({ variantId, available }) => [variantId, available]))
        return asked.map((ids) => ids.map((variantId) => ({ variantId, available: units.get(variantId) ?? 0 })))
      },
    })
    const deps = { db, lowStock, hold, catalog: client(catalog) }
    const locations = async () => ok({ items: await store.locations(db) })

    return {
      operations: {
        reserve: (input) => reserve(deps, input),
        release: async (input) => {
          await release(input)
          return ok({})
        },
        reopen: async (input) => {
          await store.reopen(db, input)
          return ok({})
        },
        setLevel: (input) => setLevel(deps, input),
        setLevels: (input) => setManyLevels(deps, input),
        availability: async ({ variantIds }) => ok({ items: await available([...new Set(variantIds)].toSorted()) }),
        levelsOf: async ({ variantIds }) => ok({ items: await store.levelsOf(db, variantIds) }),
        holdsOf: async ({ orderIds }) => ok({ items: await store.holdsOf(db, orderIds) }),
        levels: async ({ variantId = null, state = null, cursor, limit = 50 }) => {
          const after = readCursor(cursor, 2, () => true) as [string, string] | null
          const rows = await store.pageOfLevels(db, { variantId, state, after, limit: limit + 1 })
          const { items, nextCursor } = page(rows, limit, (last) => [last.variantId, last.locationId])
          return ok({ items: await withNames(deps, items), nextCursor })
        },
        movements: async ({ variantId, cursor, limit = 50 }) => {
          const [before = null] = readCursor(cursor, 1, isMovementId) ?? []
          return ok(
            page(await store.pageOfMovements(db, { variantId, before, limit: limit + 1 }), limit, (last) => [last.id]),
          )
        },
        locations,
        inventoryLocations: locations,
        ensureLocations: async ({ names }) => ok({ items: await store.ensureLocations(db, names) }),
        createLocation: ({ name }) =>
          withAnswer(db, async (executor) => {
            const created = await store.createLocation(executor, name)
            return created
              ? ok(created)
              : refuse('inventory/location-name-taken', `There is a location called ${name} already.`)
          }),
        heldFor: async ({ after, limit }) => ok({ orderIds: await pageOfOrderIds(db, after, limit) }),
        verify: (input) => verify(deps, input),
      },
      figures: inventoryFigures,
      subscriptions: [
        onAll(orderPlaced, (tx, placed) =>
          store.allocate(
            tx,
            placed.map(({ data }) => data.orderId),
          ),
        ),
        on(orderCanceled, async (tx, { data }) => {
          const [verdict] = await store.release(tx, [{ orderId: data.orderId }], lowStock)
          // Another copy is holding stock for it at this moment: the event comes again.
          if (verdict !== 'released') throw new Error(`inventory: the hold of ${data.orderId} changes just now`)
        }),
        on(orderFulfilled, (tx, { data }) => store.ship(tx, data, lowStock)),
      ],
    }
  },
})

/** Levels with what the catalog calls the goods. */
async function withNames({ catalog: shop }: { catalog: Client<typeof catalog> }, levels: readonly store.Level[]) {
  const variantIds = [...new Set(levels.map(({ variantId }) => variantId))]
  const found = await shop.sellable({ variantIds })
  const known = new Map(found.ok ? found.value.items.map((one) => [one.variantId, one]) : [])
  return levels.map((level) => {
    const goods = known.get(level.variantId)
    if (!goods) return { ...level, product: null }
    const { productId, title, variantTitle, sku } = goods
    return { ...level, product: { id: productId, title, variantTitle, sku } }
  })
}

const isMovementId = (id: string): boolean => /^move_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id)

/** Reads a cursor of `length` strings that are such as `isKey` says; null for the first page. */
function readCursor(cursor: string | undefined, length: number, isKey: (part: string) => boolean): string[] | null {
  if (cursor === undefined) return null
  const key = fromCursor(cursor, length)
  if (key?.every((part) => typeof part === 'string' && isKey(part))) return key as string[]
  throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
}

/** Cuts `rows`, one more than asked for when there is a next page, into a page. */
function page<Row>(rows: readonly Row[], limit: number, keyOf: (last: Row) => string[]) {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? toCursor(keyOf(last)) : null }
}
