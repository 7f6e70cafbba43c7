import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { inventory } from '#contracts/inventory'
import { inTransaction, sql } from '#kernel/database'
import { again } from '#kernel/gather'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestHost } from '../../test/host.ts'
import { type ServiceDatabase, serviceDatabase } from '../../test/service-database.ts'
import { inventoryService } from './service.ts'
import { catalogOfAll } from './stand-ins.ts'
import * as store from './store.ts'
import { verify } from './verify.ts'

const lowStock = 2
let database: ServiceDatabase
let db: ServiceDatabase['db']
let places: string[]

before(async () => {
  database = await serviceDatabase('inventory', { connections: 8, subscribersOf: () => ['search'] })
  db = database.db
  await store.ensureDefaultLocation(db)
  places = (await store.ensureLocations(db, ['A', 'B', 'C'])).map(({ id }) => id)
})
after(() => database?.stop())

// ---- What holding means, said as simply as it can be: one request after the other, in memory --------------------------

type Line = { variantId: string; quantity: number; backorder: boolean }
type ModelLevel = { onHand: number; reserved: number; allocated: number }
type ModelHold = {
  state: 'held' | 'allocated' | 'fulfilled' | 'released'
  lines: { key: string; quantity: number; left: number }[]
}

function createModel() {
  const levels = new Map<string, ModelLevel>()
  const holds = new Map<string, ModelHold>()
  const keysOf = (variantId: string) => places.map((place) => `${variantId} ${place}`).filter((key) => levels.has(key))
  const level = (key: string): ModelLevel => {
    const found = levels.get(key) ?? { onHand: 0, reserved: 0, allocated: 0 }
    levels.set(key, found)
    return found
  }
  const free = (key: string) => level(key).onHand - level(key).reserved - level(key).allocated
  const left = (variantId: string) => keysOf(variantId).reduce((sum, key) => sum + free(key), 0)

  const take = (hold: ModelHold, key: string, quantity: number): void => {
    if (quantity === 0) return
    level(key).reserved += quantity
    const line = hold.lines.find((one) => one.key === key)
    if (line) line.quantity += quantity
    else hold.lines.push({ key, quantity, left: 0 })
  }
  return {
    levels,
    holds,
    hold(orderId: string, lines: readonly Line[]) {
      const known = holds.get(orderId)
      if (known) return { kind: known.state === 'released' ? 'released' : 'held' }
      const demands = [...Map.groupBy(lines, ({ variantId }) => variantId)]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([variantId, of]) => ({
          variantId,
          requested: of.reduce((sum, { quantity }) => sum + quantity, 0),
          backorder: of.every(({ backorder }) => backorder),
        }))
      const short = demands.filter(({ variantId, requested, backorder }) => !backorder && requested > left(variantId))
      if (short.length > 0) {
        const shortage = short.map(({ variantId, requested }) => ({
          variantId,
          requested,
          available: Math.max(0, left(variantId)),
        }))
        return { kind: 'short', lines: shortage }
      }
      const hold: ModelHold = { state: 'held', lines: [] }
      for (const { variantId, requested } of demands) {
        const whole = keysOf(variantId).find((key) => free(key) >= requested)
        if (whole) {
          take(hold, whole, requested)
          continue
        }
        let rest = requested
        for (const key of keysOf(variantId)) {
          const quantity = Math.min(rest, Math.max(0, free(key)))
          take(hold, key, quantity)
          rest -= quantity
        }
        take(hold, `${variantId} ${places[0]}`, rest)
      }
      holds.set(orderId, hold)
      return { kind: 'held' }
    },
    release(orderId: string) {
      const hold = holds.get(orderId)
      if (!hold) holds.set(orderId, { state: 'released', lines: [] })
      else if (hold.state === 'held' || hold.state === 'allocated') {
        for (const { key, quantity, left: gone } of hold.lines)
          level(key)[hold.state === 'held' ? 'reserved' : 'allocated'] -= quantity - gone
        hold.state = 'released'
      }
    },
    reopen(orderId: string) {
      const hold = holds.get(orderId)
      if (hold?.state === 'released' && hold.lines.every(({ left: gone }) => gone === 0)) holds.delete(orderId)
    },
    allocate(orderId: string) {
      const hold = holds.get(orderId)
      if (hold?.state !== 'held') return
      hold.state = 'allocated'
      for (const { key, quantity } of hold.lines) {
        level(key).reserved -= quantity
        level(key).allocated += quantity
      }
    },
    ship(orderId: string, lines: readonly { variantId: string; quantity: number }[]) {
      this.allocate(orderId)
      const hold = holds.get(orderId)
      for (const { variantId, quantity } of lines) {
        let rest = quantity
        for (const key of keysOf(variantId)) {
          const line = hold?.lines.find((one) => one.key === key)
          if (!line) continue
          const gone = Math.min(rest, line.quantity - line.left)
          rest -= gone
          line.left += gone
          level(key).onHand -= gone
          if (hold?.state === 'allocated') level(key).allocated -= gone
        }
      }
      if (hold?.state === 'allocated' && hold.lines.every((line) => line.left === line.quantity))
        hold.state = 'fulfilled'
    },
    count(key: string, onHand: number) {
      level(key).onHand = onHand
    },
  }
}

type Action =
  | { kind: 'hold'; requests: { order: number; lines: { variant: number; quantity: number; backorder: boolean }[] }[] }
  | { kind: 'release'; order: number }
  | { kind: 'reopen'; order: number }
  | { kind: 'allocate'; order: number }
  | { kind: 'ship'; order: number; lines: { variant: number; quantity: number }[] }
  | { kind: 'count'; variant: number; place: number; onHand: number }

const order = fc.nat({ max: 11 })
const variant = fc.nat({ max: 2 })
const quantity = fc.integer({ min: 1, max: 5 })
const line = fc.record({ variant, quantity, backorder: fc.boolean() })
const requests = fc.uniqueArray(fc.record({ order, lines: fc.array(line, { minLength: 1, maxLength: 4 }) }), {
  selector: (one) => one.order,
  minLength: 1,
  maxLength: 12,
})
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hold'), requests }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('release', 'reopen', 'allocate'), order }) as fc.Arbitrary<Action>,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ship'),
      order,
      lines: fc.array(fc.record({ variant, quantity }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('count'),
      variant,
      place: fc.nat({ max: 2 }),
      onHand: fc.nat({ max: 12 }),
    }),
  },
)

test('any batches of holds, releases, events and counts come out as if each were judged alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 14 }), async (actions) => {
      const model = createModel()
      const variants = Array.from({ length: 3 }, () => newId('variant'))
      const orders = Array.from({ length: 12 }, () => newId('order'))
      const nameVariants = <L extends { variant: number }>(lines: readonly L[]) =>
        lines.map(({ variant: index, ...rest }) => ({ ...rest, variantId: variants[index] as string }))

      for (const one of actions) {
        if (one.kind === 'count') {
          const variantId = variants[one.variant] as string
          const locationId = places[one.place] as string
          await store.setLevels(db, [{ variantId, locationId, onHand: one.onHand }], null, lowStock)
          model.count(`${variantId} ${locationId}`, one.onHand)
        } else if (one.kind === 'hold') {
          const batch = one.requests.map((each) => ({
            orderId: orders[each.order] as string,
            lines: nameVariants(each.lines),
          }))
          const verdicts = await store.hold(db, batch, lowStock)
          assert.deepEqual(
            verdicts,
            batch.map((each) => model.hold(each.orderId, each.lines)),
          )
        } else {
          const orderId = orders[one.order] as string
          switch (one.kind) {
            case 'release':
              assert.deepEqual(await store.release(db, [{ orderId }], lowStock), ['released'])
              model.release(orderId)
              break
            case 'reopen':
              await store.reopen(db, { orderId })
              model.reopen(orderId)
              break
            case 'allocate':
              await inTransaction(db, (tx) => store.allocate(tx, [orderId]))
              model.allocate(orderId)
              break
            case 'ship': {
              const shipment = { orderId, fulfillmentId: 'ful', lines: nameVariants(one.lines) }
              await inTransaction(db, (tx) => store.ship(tx, shipment, lowStock))
              model.ship(orderId, shipment.lines)
            }
          }
        }
      }

      const levels = (await store.levelsOf(db, variants)).filter(isInUse)
      assert.deepEqual(
        new Map(
          levels.map(({ variantId, locationId, onHand, reserved, allocated }) => [
            `${variantId} ${locationId}`,
            { onHand, reserved, allocated },
          ]),
        ),
        new Map([...model.levels].filter(([, level]) => isInUse(level))),
      )
      const holds = await store.holdsOf(db, orders)
      assert.deepEqual(
        new Map(holds.map(({ orderId, state }) => [orderId, state])),
        new Map([...model.holds].map(([orderId, { state }]) => [orderId, state])),
      )
      await checkInvariants(db)
    }),
    { numRuns: 60 },
  )
})

/** A level may have been opened for a back-order that was then refused for another line. */
const isInUse = ({ onHand, reserved, allocated }: ModelLevel): boolean => onHand !== 0 || reserved + allocated > 0

async function checkInvariants(of: ServiceDatabase['db']): Promise<void> {
  for (const { violations } of await verified((input) => verify({ db: of }, input))) assert.deepEqual(violations, [])
}

// ---- Many at once -----------------------------------------------------------------------------------------------------

const single = (variantId: string, quantity: number): store.HoldRequest => ({
  orderId: newId('order'),
  lines: [{ variantId, quantity, backorder: false }],
})

test('200 buyers, 7 units, two copies of the service: exactly 7 are held', async () => {
  const first = await startTestHost([inventoryService, catalogOfAll], { settings: { inventory: { lowStock } } })
  const second = await startTestHost([inventoryService, catalogOfAll], {
    settings: { inventory: { lowStock } },
    beside: first,
  })
  const copies = [first.client(inventory), second.client(inventory)] as const
  const variantId = newId('variant')
  await copies[0].setLevels({ levels: [{ variantId, locationId: null, onHand: 7 }], reason: 'test' })

  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, n) => (copies[n % 2] as (typeof copies)[0]).reserve(single(variantId, 1))),
  )
  assert.equal(outcomes.filter((one) => one.ok).length, 7)
  const refused = outcomes.flatMap((one) => (one.ok ? [] : [one.refusal.type]))
  assert.deepEqual([...new Set(refused)], ['inventory/insufficient-stock'])
  const level = await copies[1].levelsOf({ variantIds: [variantId] })
  assert.ok(level.ok)
  assert.deepEqual(
    level.value.items.map(({ onHand, reserved, available }) => ({ onHand, reserved, available })),
    [{ onHand: 7, reserved: 7, available: 0 }],
  )
  await second.stop()
  await first.stop()
})

test('holds that want the same goods crosswise, releases, placed orders and counts do not lock each other', async () => {
  const goods = Array.from({ length: 6 }, () => newId('variant'))
  const count = () =>
    store.setLevels(
      db,
      goods.map((variantId) => ({ variantId, locationId: places[0] as string, onHand: 1_000 })),
      'test',
      lowStock,
    )
  await count()
  const batchOf = (n: number): store.HoldRequest[] =>
    Array.from({ length: 20 }, () => {
      const wanted = n % 2 === 0 ? goods : goods.toReversed()
      return {
        orderId: newId('order'),
        lines: wanted.map((variantId) => ({ variantId, quantity: 1, backorder: false })),
      }
    })
  const batches = Array.from({ length: 24 }, (_, n) => batchOf(n))
  await Promise.all(
    batches.map(async (batch, n) => {
      const held = batch.map(({ orderId }) => orderId)
      // Some are released and placed while they are still being held.
      const [verdicts] = await Promise.all([
        store.hold(db, batch, lowStock),
        store.release(
          db,
          held
            .slice(0, 5)
            .toReversed()
            .map((orderId) => ({ orderId })),
          lowStock,
        ),
        inTransaction(db, (tx) => store.allocate(tx, held.slice(3, 8))),
        n % 6 === 0 ? count() : undefined,
      ])
      assert.equal(verdicts.length, 20)
    }),
  )
  await checkInvariants(db)
})

test('a release and a hold of one order at one time: the hold never outlives it', async () => {
  const variantId = newId('variant')
  await store.setLevels(db, [{ variantId, locationId: places[0] as string, onHand: 1_000 }], 'test', lowStock)
  for (let round = 0; round < 30; round++) {
    const request = single(variantId, 1)
    const untilReleased = async (): Promise<void> => {
      const [verdict] = await store.release(db, [{ orderId: request.orderId }], lowStock)
      if (verdict === again) await untilReleased()
    }
    await Promise.all([store.hold(db, [request, single(variantId, 1)], lowStock), untilReleased()])
    const [hold] = await store.holdsOf(db, [request.orderId])
    assert.equal(hold?.state, 'released')
  }
  await checkInvariants(db)
})

test('a late release meets an order that is just reopened: it takes nothing from it, and leaves nothing that refuses it', async () => {
  const variantId = newId('variant')
  await store.setLevels(db, [{ variantId, locationId: places[0] as string, onHand: 1_000 }], 'test', lowStock)
  for (let round = 0; round < 30; round++) {
    const request = single(variantId, 1)
    const { orderId } = request
    const untilReleased = async (): Promise<void> => {
      const [verdict] = await store.release(db, [{ orderId, lease: 3 }], lowStock)
      if (verdict === again) await untilReleased()
    }
    await store.hold(db, [request], lowStock)
    await untilReleased()
    const holdAnew = async () => {
      await store.reopen(db, { orderId, lease: 4 })
      let [verdict] = await store.hold(db, [request], lowStock)
      while (verdict === again) [verdict] = await store.hold(db, [request], lowStock)
      return verdict
    }
    const [verdict] = await Promise.all([holdAnew(), untilReleased()])
    assert.deepEqual(verdict, { kind: 'held' })
    assert.deepEqual(await store.holdsOf(db, [orderId]), [{ orderId, state: 'held', units: 1 }])
  }
  await checkInvariants(db)
})

test('a copy of the version before, which tells no lease, gives back what it did, also after a reopening', async () => {
  const variantId = newId('variant')
  await store.setLevels(db, [{ variantId, locationId: places[0] as string, onHand: 2 }], 'test', lowStock)
  const [reopened, held, unknown] = [single(variantId, 1), single(variantId, 1), single(variantId, 1)]
  await store.reopen(db, { orderId: reopened.orderId, lease: 4 })
  assert.deepEqual(await store.hold(db, [reopened, held], lowStock), [{ kind: 'held' }, { kind: 'held' }])
  const ids = [reopened, held, unknown].map(({ orderId }) => orderId)
  const announce = { type: 'stock.availability-changed', version: 1, subscribers: [], traceId: 'trace', lowStock }
  const release = sql<{
    verdicts: string[]
  }>`select verdicts from release(${ids}::text[], ${JSON.stringify(announce)}::jsonb)`
  assert.deepEqual((await release.execute(db)).rows, [{ verdicts: ['released', 'released', 'released'] }])
  assert.deepEqual(
    (await store.holdsOf(db, ids)).map(({ state }) => state),
    ['released', 'released', 'released'],
  )
  assert.deepEqual(await store.hold(db, [unknown], lowStock), [{ kind: 'released' }])
  await checkInvariants(db)
})

test('what an order that is released at this moment would have taken makes nobody short', async () => {
  const variantId = newId('variant')
  await store.setLevels(db, [{ variantId, locationId: places[0] as string, onHand: 1 }], 'test', lowStock)
  const batch = [single(variantId, 1), single(variantId, 1)] as const
  const released = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  const releasing = inTransaction(db, async (tx) => {
    await store.release(tx, [{ orderId: batch[0].orderId }], lowStock)
    released.resolve()
    await letGo.promise
  })
  await released.promise
  const holding = store.hold(db, batch, lowStock)
  await untilSomebodyWaits()
  letGo.resolve()
  await releasing
  assert.deepEqual(await holding, [again, again])
  assert.deepEqual(await store.hold(db, batch, lowStock), [{ kind: 'released' }, { kind: 'held' }])
})

async function untilSomebodyWaits(): Promise<void> {
  const { rows } = await sql`select 1 from pg_locks where not granted`.execute(db)
  if (rows.length === 0) await untilSomebodyWaits()
}

test('one order held by two copies at one time holds once, and neither is told that goods are short', async () => {
  for (let round = 0; round < 30; round++) {
    const variantId = newId('variant')
    await store.setLevels(db, [{ variantId, locationId: places[0] as string, onHand: 1 }], 'test', lowStock)
    const request = single(variantId, 1)
    const verdicts = await Promise.all([store.hold(db, [request], lowStock), store.hold(db, [request], lowStock)])
    assert.deepEqual(verdicts, [[{ kind: 'held' }], [{ kind: 'held' }]])
  }
  await checkInvariants(db)
})

test('the largest batch is judged within a statement’s time', async () => {
  const goods = Array.from({ length: 200 }, () => newId('variant'))
  const levels = goods.map((variantId) => ({ variantId, locationId: places[0] as string, onHand: 200 }))
  await store.setLevels(db, levels, 'test', lowStock)
  const batch = Array.from({ length: 256 }, () => ({
    orderId: newId('order'),
    lines: goods.map((variantId) => ({ variantId, quantity: 1, backorder: false })),
  }))
  const before = performance.now()
  const verdicts = await store.hold(db, batch, lowStock)
  const tookMs = performance.now() - before
  assert.equal(verdicts.filter((one) => one !== again && one.kind === 'held').length, 200)
  assert.ok(tookMs < 10_000, `took ${tookMs} ms`)
})
