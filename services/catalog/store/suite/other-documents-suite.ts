import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel/id'
import type { CatalogStore } from '../port.ts'

export function otherDocumentTests(newStore: () => Promise<CatalogStore>): void {
  test('pictures and their smaller copies', async () => {
    const store = await newStore()
    const media = { id: newId('media'), contentType: 'image/png', width: 2, height: 1, bytes: Buffer.from([1, 2, 3]) }
    await store.putMedia(media)
    await store.putMedia({ ...media, contentType: 'image/gif' })
    const found = await store.media(media.id)
    assert.deepEqual({ ...found, bytes: Buffer.from(found?.bytes ?? []) }, media)
    const { bytes: _, ...facts } = media
    assert.deepEqual(await store.mediaFacts([newId('media'), media.id]), [facts])
    assert.equal(await store.media(newId('media')), null)
    assert.equal(await store.rendition(media.id, 320), null)
    await store.putRendition(media.id, 320, Buffer.from([9]))
    assert.deepEqual(Buffer.from((await store.rendition(media.id, 320)) ?? []), Buffer.from([9]))
    assert.equal(await store.rendition(media.id, 640), null)
  })

  test('categories are replaced as a list, and added once by handle', async () => {
    const store = await newStore()
    const category = (handle: string, position: number) => ({
      handle,
      title: handle,
      description: '',
      position,
      mediaUrl: null,
    })
    await store.putCategories([category('tables', 2), category('chairs', 1)])
    assert.deepEqual(
      (await store.categories()).map(({ handle }) => handle),
      ['chairs', 'tables'],
    )
    await Promise.all([
      store.addCategories([{ handle: 'lamps', title: 'Lamps' }]),
      store.addCategories([
        { handle: 'lamps', title: 'Other lamps' },
        { handle: 'rugs', title: 'Rugs' },
      ]),
    ])
    assert.deepEqual(
      (await store.categories()).map(({ handle, title, position }) => [handle, title, position]),
      [
        ['chairs', 'chairs', 1],
        ['tables', 'tables', 2],
        ['lamps', 'Lamps', 3],
        ['rugs', 'Rugs', 4],
      ],
    )
    await store.putCategories([])
    assert.deepEqual(await store.categories(), [])
  })

  test('an idempotency key is claimed once, answers the same, and is kept apart by scope', async () => {
    const { marks, purge } = await newStore()
    const claims = await Promise.all([marks.claim('create a', 'k', 'p'), marks.claim('create a', 'k', 'p')])
    assert.deepEqual(claims.map(({ kind }) => kind).sort(), ['claimed', 'running'])
    assert.deepEqual(await marks.claim('create a', 'k', 'other'), { kind: 'mismatch' })
    assert.deepEqual(await marks.claim('create b', 'k', 'p'), { kind: 'claimed' })
    await marks.answer('create a', 'k', { ok: true, value: { id: 1 } })
    assert.deepEqual(await marks.claim('create a', 'k', 'p'), {
      kind: 'answered',
      outcome: { ok: true, value: { id: 1 } },
    })
    await marks.release('create a', 'k')
    assert.equal((await marks.claim('create a', 'k', 'p')).kind, 'answered', 'an answer is not released')
    await marks.release('create b', 'k')
    assert.deepEqual(await marks.claim('create b', 'k', 'p'), { kind: 'claimed' })
    assert.equal(await purge('2000-01-01T00:00:00Z'), 0)
    assert.equal(await purge(new Date(Date.now() + 1_000).toISOString()), 2)
    assert.deepEqual(await marks.claim('create a', 'k', 'p'), { kind: 'claimed' })
  })

  test('the columns of an export are kept for a while', async () => {
    const store = await newStore()
    await store.putExport('export_1', ['Handle', 'Title'])
    assert.deepEqual(await store.exportColumns('export_1'), ['Handle', 'Title'])
    assert.equal(await store.exportColumns('export_2'), null)
    await store.purge(new Date(Date.now() + 1_000).toISOString())
    assert.equal(await store.exportColumns('export_1'), null)
  })
}
