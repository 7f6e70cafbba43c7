import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inventory } from '#contracts/inventory'
import type { Client } from '#kernel/client'
import { inTransaction, openDatabase, sql, type Transaction } from '#kernel/database'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { inventoryService } from './service.ts'
import { catalogOfAll, listener, ordersThatTell, toldOrders } from './stand-ins.ts'
import { pageOfLevels } from './store.ts'

const lowStock = 3
for (const shape of ['plain', 'strict'] as const) {
  let host: TestHost
  let stock: Client<typeof inventory>
  let here: string
  let there: string
  const { heard, service: searchThatListens } = listener()

  before(async () => {
    host = await startTestHost([inventoryService, catalogOfAll, ordersThatTell, searchThatListens], {
      shape,
      settings: { inventory: { lowStock } },
    })
    stock = host.client(inventory)
    const { items } = accepted(await stock.ensureLocations({ names: ['Warehouse', 'Shop floor'] }))
    ;[here, there] = items.map(({ id }) => id) as [string, string]
  })
  after(() => host.stop())

  const variant = async (onHand: number | null, onHandThere: number | null = null): Promise<string> => {
    const variantId = newId('variant')
    const counts = [
      { locationId: here, onHand },
      { locationId: there, onHand: onHandThere },
    ]
    const levels = counts.flatMap((one) => (one.onHand === null ? [] : [{ ...one, variantId, onHand: one.onHand }]))
    accepted(await stock.setLevels({ levels, reason: 'test' }))
    return variantId
  }
  const reserve = async (orderId: string, ...lines: [variantId: string, quantity: number, backorder?: boolean][]) => {
    const outcome = await stock.reserve({
      orderId,
      lines: lines.map(([variantId, quantity, backorder = false]) => ({ variantId, quantity, backorder })),
    })
    return outcome.ok ? 'held' : outcome.refusal
  }
  const levels = async (variantId: string) =>
    accepted(await stock.levelsOf({ variantIds: [variantId] }))
      .items.toSorted((a, b) => (a.locationId === here ? -1 : b.locationId === here ? 1 : 0))
      .map(({ onHand, reserved, allocated }) => ({ onHand, reserved, allocated }))
  const available = async (variantId: string) =>
    accepted(await stock.availability({ variantIds: [variantId] })).items[0]?.available
  const hold = async (orderId: string) => accepted(await stock.holdsOf({ orderIds: [orderId] })).items[0]
  const tell = async (...args: Parameters<Client<typeof toldOrders>['tell']>) => {
    accepted(await host.client(toldOrders).tell(...args))
    await host.settle()
  }
  const checkInvariants = async () => {
    const checks = await verified(stock.verify)
    assert.equal(checks.length, 3)
    for (const check of checks) assert.deepEqual(check.violations, [], check.what)
  }

  test(`${shape}: staff find what runs out, with the name of the goods`, async () => {
    const plenty = await variant(lowStock + 1, 0)
    const low = await variant(1, lowStock - 1)
    const none = await variant(0)
    const listed = async (state: 'low' | 'out-of-stock' | 'in-stock') => {
      const found: string[] = []
      let cursor: string | undefined
      do {
        const page = accepted(await stock.levels({ state, limit: 2, ...(cursor ? { cursor } : {}) }))
        for (const { variantId, product } of page.items) {
          assert.deepEqual(product, { id: 'prod', title: 'Mug', variantTitle: '', sku: null })
          found.push(variantId)
        }
        cursor = page.nextCursor ?? undefined
      } while (cursor)
      return [plenty, low, none].map((id) => found.filter((one) => one === id).length)
    }
    assert.deepEqual(await listed('in-stock'), [2, 0, 0])
    assert.deepEqual(await listed('low'), [0, 2, 0])
    assert.deepEqual(await listed('out-of-stock'), [0, 0, 1])
    assert.equal(await reserve(newId('order'), [low, lowStock]), 'held')
    assert.deepEqual(await listed('out-of-stock'), [0, 2, 1])
    assert.deepEqual(await listed('low'), [0, 0, 0])
    const gone = newId('relic')
    accepted(await stock.setLevels({ levels: [{ variantId: gone, locationId: here, onHand: 9 }], reason: 'test' }))
    assert.deepEqual(
      accepted(await stock.levels({ variantId: gone })).items.map(({ product, onHand }) => [product, onHand]),
      [[null, 9]],
    )
  })

  test(`${shape}: a page of what runs out reads as much at any depth`, async (t) => {
    const low = Array.from({ length: 600 }, () => newId('variant')).sort()
    const counted = low.map((variantId) => ({ variantId, locationId: here, onHand: 1 }))
    for (let from = 0; from < counted.length; from += 200)
      accepted(await stock.setLevels({ levels: counted.slice(from, from + 200), reason: 'test' }))
    const db = openDatabase({ service: 'inventory', url: host.databaseUrl, connections: 1 })
    t.after(() => db.destroy())
    const rowsRead = async (tx: Transaction): Promise<number> => {
      const { rows } = await sql<{ read: number }>`
        select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int as read from pg_stat_xact_user_tables
        where schemaname = 'inventory' and relname in ('levels', 'stock')`.execute(tx)
      return rows[0]?.read ?? 0
    }
    const readAfter = (variantId: string): Promise<number> =>
      inTransaction(db, async (tx) => {
        const before = await rowsRead(tx)
        const page = await pageOfLevels(tx, { variantId: null, state: 'low', after: [variantId, here], limit: 20 })
        assert.equal(page.length, 20)
        return (await rowsRead(tx)) - before
      })
    const [first, deep] = [await readAfter(low[0] as string), await readAfter(low[560] as string)]
    for (const read of [first, deep]) assert.ok(read > 0 && read <= 100, `${first} and ${deep} rows were read`)
  })

  test(`${shape}: goods that nobody knows yet are counted without a word, those that are known as ever`, async () => {
    const [fresh, empty, twice, known] = [newId('variant'), newId('variant'), newId('variant'), await variant(2)]
    const at = (variantId: string, onHand: number, locationId: string | null = null) => ({
      variantId,
      locationId,
      onHand,
    })
    await host.settle()
    const before = heard.length
    const counts = [at(fresh, 7), at(fresh, 4, there), at(empty, 0), at(twice, 9), at(twice, lowStock), at(known, 5)]
    for (let n = 0; n < 2; n++) accepted(await stock.setLevels({ levels: counts, reason: 'import', isNew: true }))
    const of = (onHand: number) => ({ onHand, reserved: 0, allocated: 0 })
    assert.deepEqual(await levels(fresh), [of(7), of(4)])
    assert.deepEqual(await levels(empty), [of(0)])
    assert.deepEqual(await levels(twice), [of(lowStock)])
    assert.deepEqual(await levels(known), [of(5)])
    await host.settle()
    assert.deepEqual(heard.slice(before), [`${known} in-stock 2`])
    // What they are is known all the same: others are told when it is something else.
    assert.equal(await reserve(newId('order'), [twice, lowStock]), 'held')
    assert.equal(await reserve(newId('order'), [fresh, 1]), 'held')
    await host.settle()
    assert.deepEqual(heard.slice(before + 1), [`${twice} out-of-stock 1`])
    await checkInvariants()
  })

  test(`${shape}: an order holds all its lines or none`, async () => {
    const mug = await variant(5)
    const bowl = await variant(1)
    assert.deepEqual(await reserve(newId('order'), [mug, 2], [bowl, 2]), {
      type: 'inventory/insufficient-stock',
      detail: `Of ${bowl} 2 were asked for and 1 are left.`,
      data: { lines: [{ variantId: bowl, requested: 2, available: 1 }] },
    })
    assert.deepEqual(await levels(mug), [{ onHand: 5, reserved: 0, allocated: 0 }])
    assert.equal(await reserve(newId('order'), [mug, 2], [bowl, 1]), 'held')
    assert.deepEqual(await levels(mug), [{ onHand: 5, reserved: 2, allocated: 0 }])
    assert.deepEqual(await levels(bowl), [{ onHand: 1, reserved: 1, allocated: 0 }])
    assert.equal(await available(mug), 3)
    assert.equal(await available(bowl), 0)
  })

  test(`${shape}: lines of one variant count together`, async () => {
    const mug = await variant(3)
    const refused = await reserve(newId('order'), [mug, 2], [mug, 2])
    assert.deepEqual((refused as { data: unknown }).data, { lines: [{ variantId: mug, requested: 4, available: 3 }] })
    assert.deepEqual(await levels(mug), [{ onHand: 3, reserved: 0, allocated: 0 }])
    assert.equal(await reserve(newId('order'), [mug, 2], [mug, 1]), 'held')
    assert.deepEqual(await levels(mug), [{ onHand: 3, reserved: 3, allocated: 0 }])
  })

  test(`${shape}: a variant that nobody counted has none, and can be back-ordered`, async () => {
    const unknown = newId('variant')
    assert.equal(await available(unknown), 0)
    const refused = await reserve(newId('order'), [unknown, 1])
    assert.deepEqual((refused as { data: unknown }).data, {
      lines: [{ variantId: unknown, requested: 1, available: 0 }],
    })
    assert.deepEqual(await levels(unknown), [])
    assert.equal(await reserve(newId('order'), [unknown, 2, true]), 'held')
    assert.deepEqual(await levels(unknown), [{ onHand: 0, reserved: 2, allocated: 0 }])
    await checkInvariants()
  })

  test(`${shape}: the same order again changes nothing, whatever its lines`, async () => {
    const mug = await variant(5)
    const orderId = newId('order')
    assert.equal(await reserve(orderId, [mug, 2]), 'held')
    assert.equal(await reserve(orderId, [mug, 2]), 'held')
    assert.equal(await reserve(orderId, [mug, 4]), 'held')
    assert.deepEqual(await levels(mug), [{ onHand: 5, reserved: 2, allocated: 0 }])
    assert.deepEqual(await hold(orderId), { orderId, state: 'held', units: 2 })
  })

  test(`${shape}: stock comes from the default location, else from one that has enough, else from several`, async () => {
    const mug = await variant(5, 8)
    assert.equal(await reserve(newId('order'), [mug, 3]), 'held')
    assert.deepEqual(
      (await levels(mug)).map(({ reserved }) => reserved),
      [3, 0],
    )
    assert.equal(await reserve(newId('order'), [mug, 3]), 'held')
    assert.deepEqual(
      (await levels(mug)).map(({ reserved }) => reserved),
      [3, 3],
    )
    assert.equal(await reserve(newId('order'), [mug, 7]), 'held')
    assert.deepEqual(
      (await levels(mug)).map(({ reserved }) => reserved),
      [5, 8],
    )
    const refused = await reserve(newId('order'), [mug, 1])
    assert.equal((refused as { type: string }).type, 'inventory/insufficient-stock')
    assert.equal(await reserve(newId('order'), [mug, 4, true]), 'held')
    assert.deepEqual(
      (await levels(mug)).map(({ reserved }) => reserved),
      [9, 8],
      'what is nowhere is owed at the default',
    )
    await checkInvariants()
  })

  test(`${shape}: units owed at one location are not promised again at another`, async () => {
    const mug = await variant(0, 0)
    assert.equal(await reserve(newId('order'), [mug, 3, true]), 'held')
    accepted(await stock.setLevel({ variantId: mug, locationId: there, onHand: 5 }))
    assert.equal(await available(mug), 2)
    const refused = await reserve(newId('order'), [mug, 3])
    assert.deepEqual((refused as { data: unknown }).data, { lines: [{ variantId: mug, requested: 3, available: 2 }] })
    assert.equal(await reserve(newId('order'), [mug, 2]), 'held')
    assert.deepEqual(
      (await levels(mug)).map(({ reserved }) => reserved),
      [3, 2],
    )
  })

  test(`${shape}: what is released is free again, and the order holds no more until it is reopened`, async () => {
    const mug = await variant(2)
    const orderId = newId('order')
    assert.equal(await reserve(orderId, [mug, 2]), 'held')
    accepted(await stock.release({ orderId }))
    accepted(await stock.release({ orderId }))
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 0, allocated: 0 }])
    assert.deepEqual(await hold(orderId), { orderId, state: 'released', units: 0 })
    assert.equal(((await reserve(orderId, [mug, 2])) as { type: string }).type, 'inventory/hold-released')
    accepted(await stock.reopen({ orderId }))
    assert.equal(await hold(orderId), undefined)
    assert.equal(await reserve(orderId, [mug, 1]), 'held')
    accepted(await stock.reopen({ orderId }))
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 1, allocated: 0 }], 'a hold is not forgotten')
  })

  test(`${shape}: a release that comes before its reserve wins`, async () => {
    const mug = await variant(2)
    const orderId = newId('order')
    accepted(await stock.release({ orderId }))
    assert.equal(((await reserve(orderId, [mug, 1])) as { type: string }).type, 'inventory/hold-released')
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 0, allocated: 0 }])
    accepted(await stock.reopen({ orderId }))
    assert.equal(await reserve(orderId, [mug, 1]), 'held')
  })

  test(`${shape}: a release that was asked for before its order was reopened comes too late, one after it does not`, async () => {
    const mug = await variant(2)
    const orderId = newId('order')
    assert.equal(await reserve(orderId, [mug, 1]), 'held')
    accepted(await stock.release({ orderId, lease: 3 }))
    accepted(await stock.reopen({ orderId, lease: 5 }))
    accepted(await stock.release({ orderId, lease: 4 }))
    assert.equal(await reserve(orderId, [mug, 1]), 'held')
    accepted(await stock.release({ orderId, lease: 3 }))
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 1, allocated: 0 }])
    accepted(await stock.release({ orderId, lease: 5 }))
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 0, allocated: 0 }])
    accepted(await stock.reopen({ orderId, lease: 6 }))
    assert.equal(await reserve(orderId, [mug, 1]), 'held')
    // Copies of the version before tell no lease.
    accepted(await stock.release({ orderId }))
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 0, allocated: 0 }])
  })

  test(`${shape}: placed, then fulfilled in two parts`, async () => {
    const mug = await variant(3, 4)
    const bowl = await variant(9)
    const orderId = newId('order')
    assert.equal(await reserve(orderId, [mug, 5], [bowl, 1]), 'held')
    await tell({ fate: 'placed', orderId })
    assert.deepEqual(await levels(mug), [
      { onHand: 3, reserved: 0, allocated: 3 },
      { onHand: 4, reserved: 0, allocated: 2 },
    ])
    await tell({ fate: 'fulfilled', orderId, lines: [{ variantId: mug, quantity: 4 }] })
    assert.deepEqual(await levels(mug), [
      { onHand: 0, reserved: 0, allocated: 0 },
      { onHand: 3, reserved: 0, allocated: 1 },
    ])
    assert.deepEqual(await hold(orderId), { orderId, state: 'allocated', units: 6 })
    const rest = [
      { variantId: mug, quantity: 1 },
      { variantId: bowl, quantity: 1 },
    ]
    await tell({ fate: 'fulfilled', orderId, lines: rest })
    assert.deepEqual(await levels(mug), [
      { onHand: 0, reserved: 0, allocated: 0 },
      { onHand: 2, reserved: 0, allocated: 0 },
    ])
    assert.deepEqual(await hold(orderId), { orderId, state: 'fulfilled', units: 6 })
    const { items } = accepted(await stock.movements({ variantId: mug }))
    assert.deepEqual(
      items.map((one) => `${one.kind} ${one.quantity} ${one.locationId === here} ${one.orderId}`).toSorted(),
      [
        'counted 3 true null',
        'counted 4 false null',
        `shipped -1 false ${orderId}`,
        `shipped -1 false ${orderId}`,
        `shipped -3 true ${orderId}`,
      ],
    )
    await checkInvariants()
  })

  test(`${shape}: events in any order come out the same`, async () => {
    const lines = (variantId: string) => [{ variantId, quantity: 1 }]
    const fulfilledFirst = await variant(2)
    const first = newId('order')
    assert.equal(await reserve(first, [fulfilledFirst, 1]), 'held')
    await tell({ fate: 'fulfilled', orderId: first, lines: lines(fulfilledFirst) })
    await tell({ fate: 'placed', orderId: first })
    assert.deepEqual(await levels(fulfilledFirst), [{ onHand: 1, reserved: 0, allocated: 0 }])
    assert.deepEqual(await hold(first), { orderId: first, state: 'fulfilled', units: 1 })

    const canceledFirst = await variant(2)
    const second = newId('order')
    assert.equal(await reserve(second, [canceledFirst, 1]), 'held')
    await tell({ fate: 'canceled', orderId: second })
    await tell({ fate: 'placed', orderId: second })
    assert.deepEqual(await levels(canceledFirst), [{ onHand: 2, reserved: 0, allocated: 0 }])

    // One of two units left, the rest was canceled, and the news came the other way round.
    const both = await variant(5)
    const third = newId('order')
    assert.equal(await reserve(third, [both, 2]), 'held')
    await tell({ fate: 'placed', orderId: third })
    await tell({ fate: 'canceled', orderId: third })
    await tell({ fate: 'fulfilled', orderId: third, lines: lines(both) })
    assert.deepEqual(await levels(both), [{ onHand: 4, reserved: 0, allocated: 0 }])
    await tell({ fate: 'canceled', orderId: third })
    assert.deepEqual(await levels(both), [{ onHand: 4, reserved: 0, allocated: 0 }])
    accepted(await stock.reopen({ orderId: third }))
    assert.deepEqual(await hold(third), { orderId: third, state: 'released', units: 0 }, 'what left cannot begin anew')
    await checkInvariants()
  })

  test(`${shape}: orders that hold nothing move no stock`, async () => {
    const mug = await variant(2)
    const orderId = newId('order')
    await tell({ fate: 'placed', orderId })
    await tell({ fate: 'fulfilled', orderId, lines: [{ variantId: mug, quantity: 1 }] })
    assert.deepEqual(await levels(mug), [{ onHand: 2, reserved: 0, allocated: 0 }])
    assert.equal(await hold(orderId), undefined)
  })

  test(`${shape}: staff may count less than was promised, and the level says so`, async () => {
    const mug = await variant(5)
    const orderId = newId('order')
    assert.equal(await reserve(orderId, [mug, 4]), 'held')
    assert.deepEqual(accepted(await stock.setLevel({ variantId: mug, locationId: here, onHand: 1 })), {
      variantId: mug,
      locationId: here,
      onHand: 1,
      reserved: 4,
      allocated: 0,
      available: -3,
    })
    assert.equal(await available(mug), 0)
    const [check] = await verified(stock.verify)
    assert.ok((check?.figures?.['levels counted short of what was promised'] ?? 0) > 0)
    accepted(await stock.release({ orderId }))
    assert.equal(await available(mug), 1)
    await checkInvariants()
  })

  test(`${shape}: others hear of a variant when it crosses a threshold or is counted, and not else`, async () => {
    const mug = await variant(6)
    const orders = [newId('order'), newId('order'), newId('order'), newId('order')] as const
    assert.equal(await reserve(orders[0], [mug, 1]), 'held')
    assert.equal(await reserve(orders[1], [mug, 2]), 'held')
    assert.equal(await reserve(orders[2], [mug, 1]), 'held')
    assert.equal(await reserve(orders[3], [mug, 2]), 'held')
    await tell({ fate: 'placed', orderId: orders[0] })
    await tell({ fate: 'fulfilled', orderId: orders[0], lines: [{ variantId: mug, quantity: 1 }] })
    accepted(await stock.release({ orderId: orders[3] }))
    accepted(await stock.setLevel({ variantId: mug, locationId: here, onHand: 50 }))
    accepted(await stock.setLevel({ variantId: mug, locationId: here, onHand: 60 }))
    accepted(await stock.setLevel({ variantId: mug, locationId: here, onHand: 60 }))
    await host.settle()
    assert.deepEqual(
      heard.filter((one) => one.startsWith(mug)).toSorted((a, b) => Number(a.split(' ')[2]) - Number(b.split(' ')[2])),
      ['in-stock 1', 'low 2', 'out-of-stock 3', 'low 4', 'in-stock 5', 'in-stock 6'].map((one) => `${mug} ${one}`),
    )
  })

  test(`${shape}: of two counts of a level the later one holds, and null means the default location`, async () => {
    const mug = newId('variant')
    const counts = [
      { variantId: mug, locationId: here, onHand: 5 },
      { variantId: mug, locationId: null, onHand: 7 },
    ]
    accepted(await stock.setLevels({ levels: counts, reason: 'import' }))
    accepted(await stock.setLevels({ levels: counts, reason: 'import' }))
    assert.deepEqual(await levels(mug), [{ onHand: 7, reserved: 0, allocated: 0 }])
    const { items } = accepted(await stock.movements({ variantId: mug }))
    assert.deepEqual(
      items.map(({ kind, quantity, reason }) => [kind, quantity, reason]),
      [['counted', 7, 'import']],
    )
  })

  test(`${shape}: counting where nobody is, or what nobody sells, is refused and changes nothing`, async () => {
    const nowhere = newId('loc')
    const mug = await variant(1)
    const refusal = async (outcome: Promise<{ ok: boolean; refusal?: { type: string } }>) =>
      (await outcome).refusal?.type
    assert.equal(
      await refusal(stock.setLevel({ variantId: mug, locationId: nowhere, onHand: 2 })),
      'inventory/unknown-location',
    )
    assert.equal(
      await refusal(stock.setLevel({ variantId: 'nonsense', locationId: here, onHand: 2 })),
      'inventory/unknown-variant',
    )
    const counts = [
      { variantId: mug, locationId: here, onHand: 2 },
      { variantId: mug, locationId: nowhere, onHand: 2 },
    ]
    assert.equal(await refusal(stock.setLevels({ levels: counts, reason: 'import' })), 'inventory/unknown-location')
    assert.deepEqual(await levels(mug), [{ onHand: 1, reserved: 0, allocated: 0 }])
    assert.deepEqual(await levels('nonsense'), [])
  })

  test(`${shape}: locations keep their names, and there is always a default one`, async () => {
    const { items } = accepted(await stock.locations({}))
    assert.deepEqual(items.slice(0, 2), [
      { id: here, name: 'Warehouse', default: true },
      { id: there, name: 'Shop floor', default: false },
    ])
    const again = accepted(await stock.ensureLocations({ names: ['shop floor', 'Attic', 'Warehouse'] })).items
    assert.deepEqual([again[0]?.id, again[2]?.id], [there, here])
    const created = accepted(await stock.createLocation({ name: `Cellar ${shape}` }))
    assert.equal(created.default, false)
    const taken = await stock.createLocation({ name: `cellar ${shape}` })
    assert.equal(!taken.ok && taken.refusal.type, 'inventory/location-name-taken')
  })

  test(`${shape}: levels and movements come in pages, each row once`, async () => {
    const mug = await variant(1, 2)
    for (const onHand of [4, 6, 3]) accepted(await stock.setLevel({ variantId: mug, locationId: here, onHand }))
    const ledger = await everyPage((cursor) => stock.movements({ variantId: mug, limit: 2, ...cursor }))
    const quantities = ledger.map(({ quantity }) => quantity)
    assert.deepEqual(quantities.slice(0, 3), [-3, 2, 3])
    assert.deepEqual(quantities.slice(3).toSorted(), [1, 2])

    const rows = await everyPage((cursor) => stock.levels({ limit: 3, ...cursor }))
    const all = new Set(rows.map(({ variantId, locationId }) => `${variantId} ${locationId}`))
    assert.equal(all.size, rows.length)
    assert.ok(all.has(`${mug} ${here}`) && all.has(`${mug} ${there}`))
    assert.equal(accepted(await stock.levels({ variantId: mug })).items.length, 2)
    for (const wrong of ['nonsense', Buffer.from('["move_x"]').toString('base64url')]) {
      await assert.rejects(stock.movements({ variantId: mug, cursor: wrong }), /cursor/)
      await assert.rejects(stock.levels({ cursor: wrong }), /cursor/)
    }
  })
}

function accepted<V>(outcome: { ok: true; value: V } | { ok: false; refusal: { detail: string } }): V {
  if (!outcome.ok) throw new Error(outcome.refusal.detail)
  return outcome.value
}

type PageOf<Row> = { readonly items: readonly Row[]; readonly nextCursor: string | null }

async function everyPage<Row>(
  ask: (cursor: {
    cursor?: string
  }) => Promise<{ ok: true; value: PageOf<Row> } | { ok: false; refusal: { detail: string } }>,
): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: { cursor?: string } | null = {}
  while (cursor) {
    const page: PageOf<Row> = accepted(await ask(cursor))
    rows.push(...page.items)
    cursor = page.nextCursor === null ? null : { cursor: page.nextCursor }
  }
  return rows
}
