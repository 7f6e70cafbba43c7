import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogStore } from '../port.ts'
import { countsOf, nextVersion, testDocument, testEvent } from './test-document.ts'

export function eventTests(newStore: () => Promise<CatalogStore>): void {
  test('an event waits with its product until each subscriber has confirmed', async () => {
    const store = await newStore()
    const cup = testDocument()
    const event = testEvent(cup, ['cart', 'search'])
    await store.put(cup, null, event)
    assert.deepEqual(await countsOf(store), { pending: 2, dead: 0 })
    const claimed = await store.events.claim(10, 30)
    assert.deepEqual(claimed.map(({ subscriber }) => subscriber).sort(), ['cart', 'search'])
    assert.deepEqual(claimed[0]?.event, event.event)
    assert.equal(claimed[0]?.attempts, 1)
    assert.deepEqual(await store.events.claim(10, 30), [], 'what is claimed is nobody else’s')
    await store.events.confirm(claimed.filter(({ subscriber }) => subscriber === 'cart'))
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    await store.events.confirm(claimed)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })
  })

  test('a lease that ran out lets another take the event', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    assert.equal((await store.events.claim(10, 0)).length, 1)
    const [again] = await store.events.claim(10, 30)
    assert.equal(again?.attempts, 2)
  })

  test('a newer event takes the place of one that was not confirmed, whose confirmation then counts for nothing', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const first = await store.events.claim(10, 30)
    const changed = nextVersion(cup)
    await store.put(changed, 1, testEvent(changed))
    await store.events.confirm(first)
    const second = await store.events.claim(10, 30)
    assert.deepEqual(
      second.map(({ event }) => event.sequence),
      [2],
    )
    await store.events.postpone([{ delivery: first[0] ?? assert.fail(), error: 'late', kind: 'failed' }])
    await store.events.confirm(second)
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 0 })
  })

  test('events of two types of one product are kept apart', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const retired = nextVersion(cup, { status: 'archived' })
    await store.put(retired, 1, testEvent(retired, ['search'], 'product.retired'))
    const types = (await store.events.claim(10, 30)).map(({ event }) => event.type)
    assert.deepEqual(types.sort(), ['product.changed', 'product.retired'])
  })

  test('a failed delivery is tried again later and given up after twenty attempts; a change of the product revives it', async () => {
    const store = await newStore()
    const cup = testDocument()
    await store.put(cup, null, testEvent(cup))
    const [delivery] = await store.events.claim(1, 30)
    assert.ok(delivery)
    await store.events.postpone([{ delivery, error: 'cannot', kind: 'failed' }])
    assert.deepEqual(await store.events.claim(10, 30), [], 'not at once')
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    // Once failed already, and nineteen times to go. An answer to an earlier attempt counts for nothing.
    await store.events.postpone(
      Array.from({ length: 30 }, () => ({
        delivery: { ...delivery, attempts: 0 },
        error: 'cannot',
        kind: 'failed' as const,
      })),
    )
    for (let failures = 2; failures <= 20; failures++) {
      assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 }, `after ${failures - 1} failures`)
      await store.events.postpone([{ delivery, error: 'cannot', kind: 'failed' }])
    }
    assert.deepEqual(await countsOf(store), { pending: 0, dead: 1 })
    const found = await store.events.overdue('2000-01-01T00:00:00Z', 10)
    assert.deepEqual(found, [{ productId: cup.product.id, type: 'product.changed', subscriber: 'search' }])
    const changed = nextVersion(cup)
    await store.put(changed, 1, testEvent(changed))
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 0 })
    assert.deepEqual(await store.events.overdue('2000-01-01T00:00:00Z', 10), [])
    assert.equal((await store.events.overdue(new Date(Date.now() + 1_000).toISOString(), 10)).length, 1)
  })
}

export function deadLetterTests(newStore: () => Promise<CatalogStore>): void {
  test('what was never judged is never given up; what can never be handled is given up at once, listed, and owed again on demand', async () => {
    const store = await newStore()
    const documents = [testDocument(), testDocument(), testDocument()]
    for (const one of documents) await store.put(one, null, testEvent(one))
    const claimed = await store.events.claim(10, 30)
    const [away, first, second] = documents.map(
      ({ product }) => claimed.find(({ event }) => event.subject === product.id) ?? assert.fail(),
    )
    assert.ok(away && first && second)
    for (let turn = 0; turn < 30; turn++) {
      await store.events.postpone([{ delivery: away, error: 'nobody is there', kind: 'unreached' }])
      await store.events.postpone([{ delivery: away, error: 'not confirmed', kind: 'unconfirmed' }])
    }
    await store.events.postpone([{ delivery: first, error: 'no id', kind: 'unfit' }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    await store.events.postpone([{ delivery: second, error: 'no name', kind: 'unfit' }])
    assert.deepEqual(await countsOf(store), { pending: 1, dead: 2 })
    const [last, ...others] = await store.events.deadLetters(null, 10)
    assert.ok(last)
    const { diedAt, ...told } = last
    assert.deepEqual(told, {
      eventId: second.event.id,
      type: 'product.changed',
      subject: second.event.subject,
      publisher: second.event.source,
      subscriber: 'search',
      attempts: 1,
      error: 'no name',
      occurredAt: second.event.time,
    })
    assert.ok(Math.abs(Date.parse(diedAt) - Date.now()) < 60_000)
    assert.deepEqual(await store.events.deadLetters(last, 10), others)
    assert.deepEqual(await store.events.deadLetters(null, 1), [last])
    assert.equal(await store.events.replay(second.event.id), 1)
    assert.deepEqual(await store.events.claim(10, 30), [{ ...second, attempts: 1 }])
    assert.equal(await store.events.replay(second.event.id), 0)
    assert.equal(await store.events.replay(null), 1)
    assert.deepEqual(await countsOf(store), { pending: 3, dead: 0 })
    assert.deepEqual(await store.events.deadLetters(null, 10), [])
  })
}
