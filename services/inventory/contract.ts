import T from 'typebox'
import { orderCanceled, orderFulfilled, orderPlaced } from '#events/orders'
import { command, contract, internal, query, staff } from '#kernel/contract'
import { Cursor, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { verifyOperation } from '#kernel/invariants'

export const LocationId = Id('loc')

/** The part of `stoa.config.ts` that inventory reads. */
export const InventorySettings = T.Object({
  /** From this many units down a variant counts as low. */
  lowStock: T.Integer({ minimum: 0, maximum: 10_000 }),
})
export type InventorySettings = T.Static<typeof InventorySettings>

export const Level = T.Object(
  {
    variantId: T.String(),
    locationId: LocationId,
    onHand: T.Integer({ description: 'Units on the shelf.' }),
    reserved: T.Integer({ description: 'Held by orders that are not paid yet.' }),
    allocated: T.Integer({ description: 'Promised to placed orders, not shipped yet.' }),
    available: T.Integer({
      description: 'onHand − reserved − allocated; below zero when more was promised than counted.',
    }),
  },
  { title: 'InventoryLevel' },
)

/** How much of a variant can be promised, over all locations: none, no more than the shop calls low, or more. */
export const StockState = T.Union([T.Literal('in-stock'), T.Literal('low'), T.Literal('out-of-stock')])

/** A level with the words by which staff know the goods; null for what the catalog does not have any more. */
const NamedLevel = T.Object({
  ...Level.properties,
  product: Nullable(
    T.Object({ id: T.String(), title: T.String(), variantTitle: T.String(), sku: Nullable(T.String()) }),
  ),
})

export const Shortage = T.Object({
  lines: T.Array(T.Object({ variantId: T.String(), requested: T.Integer(), available: T.Integer() })),
})

const Quantity = T.Integer({ minimum: 1, maximum: 1_000_000 })

export const inventory = contract(
  'inventory',
  {
    availability: query(null, {
      summary: 'How many units of each variant can be promised now, over all locations; unknown variants have none',
      access: internal,
      input: T.Object({ variantIds: T.Array(T.String(), { maxItems: 2_000 }) }),
      output: T.Object({ items: T.Array(T.Object({ variantId: T.String(), available: T.Integer() })) }),
    }),
    reserve: command(null, {
      summary: 'Hold stock for an order: all lines or none. The same order again changes nothing',
      access: internal,
      idempotency: 'natural',
      input: T.Object({
        orderId: T.String(),
        lines: T.Array(
          /** `backorder` lets the level go below zero, as the variant's policy `continue` says. */
          T.Object({ variantId: T.String(), quantity: Quantity, backorder: T.Boolean() }),
          { minItems: 1, maxItems: 200 },
        ),
      }),
      output: Nothing,
      refusals: { 'inventory/insufficient-stock': [409, Shortage], 'inventory/hold-released': 409 },
    }),
    release: command(null, {
      summary: 'Give an order’s hold or allocation back; a reserve that arrives later is refused',
      access: internal,
      idempotency: 'natural',
      input: T.Object({
        orderId: T.String(),
        /** The higher, the later. What is lower than that of a `reopen` comes too late and changes nothing. */
        lease: T.Optional(T.Integer()),
      }),
      output: Nothing,
    }),
    reopen: command(null, {
      summary: 'Forget that an order’s hold was released, so that late money can hold again',
      access: internal,
      idempotency: 'natural',
      input: T.Object({ orderId: T.String(), lease: T.Optional(T.Integer()) }),
      output: Nothing,
    }),
    levelsOf: query(null, {
      summary: 'The levels of variants at every location, for export and staff pages',
      access: internal,
      input: T.Object({ variantIds: T.Array(T.String(), { maxItems: 2_000 }) }),
      output: T.Object({ items: T.Array(Level) }),
    }),
    setLevels: command(null, {
      summary: 'Set counted stock of many variants at the default location or a named one',
      access: internal,
      idempotency: 'natural',
      input: T.Object({
        levels: T.Array(
          T.Object({
            variantId: T.String(),
            /** Null means the default location. */
            locationId: Nullable(LocationId),
            onHand: T.Integer({ minimum: 0, maximum: 1_000_000_000 }),
          }),
          { maxItems: 2_000 },
        ),
        reason: T.String({ minLength: 1, maxLength: 60 }),
        /** The variants are not in the catalog yet: who puts them there tells of them, and nothing is told here. */
        isNew: T.Optional(T.Boolean()),
      }),
      output: Nothing,
      refusals: { 'inventory/unknown-location': 404 },
    }),
    ensureLocations: command(null, {
      summary: 'Create locations that do not exist yet, by name; the first one becomes the default',
      access: internal,
      idempotency: 'natural',
      input: T.Object({ names: T.Array(T.String({ minLength: 1, maxLength: 80 }), { minItems: 1, maxItems: 100 }) }),
      output: T.Object({ items: T.Array(T.Object({ id: LocationId, name: T.String() })) }),
    }),
    locations: query('GET /admin/locations', {
      summary: 'Where stock is kept',
      access: staff('inventory:read'),
      input: T.Object({}),
      output: T.Object({ items: T.Array(T.Object({ id: LocationId, name: T.String(), default: T.Boolean() })) }),
    }),
    inventoryLocations: query('GET /admin/inventory/locations', {
      summary: 'Where stock is kept (the same list as /admin/locations)',
      access: staff('inventory:read'),
      input: T.Object({}),
      output: T.Object({ items: T.Array(T.Object({ id: LocationId, name: T.String(), default: T.Boolean() })) }),
    }),
    createLocation: command('POST /admin/locations', {
      summary: 'Add a place where stock is kept',
      access: staff('inventory:write'),
      status: 201,
      input: T.Object({ name: T.String({ minLength: 1, maxLength: 80 }) }),
      output: T.Object({ id: LocationId, name: T.String(), default: T.Boolean() }),
      refusals: { 'inventory/location-name-taken': 409 },
    }),
    levels: query('GET /admin/inventory/levels', {
      summary: 'The levels of one variant, or of all by variant; `state` asks for those that run out or have',
      access: staff('inventory:read'),
      input: T.Object({
        variantId: T.Optional(T.String()),
        state: T.Optional(StockState),
        cursor: Cursor,
        limit: Limit(50),
      }),
      output: Page(NamedLevel),
    }),
    setLevel: command('PUT /admin/inventory/levels', {
      summary: 'Set the counted stock of a variant at a location',
      access: staff('inventory:write'),
      input: T.Object({
        variantId: T.String({ minLength: 1, maxLength: 60 }),
        locationId: LocationId,
        onHand: T.Integer({ minimum: 0, maximum: 1_000_000_000 }),
      }),
      output: Level,
      refusals: { 'inventory/unknown-location': 404, 'inventory/unknown-variant': 404 },
    }),
    movements: query('GET /admin/inventory/movements', {
      summary: 'The ledger of one variant’s stock, newest first',
      access: staff('inventory:read'),
      input: T.Object({ variantId: T.String(), cursor: Cursor, limit: Limit(50) }),
      output: Page(
        T.Object({
          id: T.String(),
          variantId: T.String(),
          locationId: LocationId,
          kind: T.String(),
          quantity: T.Integer({ description: 'Change of onHand.' }),
          orderId: Nullable(T.String()),
          reason: Nullable(T.String()),
          at: Timestamp,
        }),
      ),
    }),
    holdsOf: query(null, {
      summary: 'What orders hold or were promised, for comparison with orders; orders without either are missing',
      access: internal,
      input: T.Object({ orderIds: T.Array(T.String(), { maxItems: 1_000 }) }),
      output: T.Object({
        items: T.Array(
          T.Object({
            orderId: T.String(),
            state: T.Union([T.Literal('held'), T.Literal('allocated'), T.Literal('fulfilled'), T.Literal('released')]),
            units: T.Integer({
              description: 'Units it was granted, those that left included; none once it was released.',
            }),
          }),
        ),
      }),
    }),
    heldFor: query(null, {
      summary:
        'Orders that hold stock or were promised some, by id, so that those who keep orders can tell whether each exists',
      access: internal,
      input: T.Object({ after: T.String(), limit: T.Integer({ minimum: 1, maximum: 1_000 }) }),
      output: T.Object({ orderIds: T.Array(T.String()) }),
    }),
    verify: verifyOperation('I3: nothing promised beyond what is there, movements sum to levels'),
  },
  { subscribes: [orderPlaced, orderCanceled, orderFulfilled] },
)
