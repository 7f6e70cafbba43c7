import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keepLibraries, keptLibraries, libraries, loadKeptLibraries } from './libraries.ts'

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-libraries-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('of several that find nothing kept one makes the files, whole', async (t) => {
  const cache = await makeFolder(t)
  assert.equal(loadKeptLibraries(keptLibraries(cache)), false)
  assert.deepEqual((await Promise.all([keepLibraries(cache), keepLibraries(cache)])).sort(), [false, true])
  assert.equal(await keepLibraries(cache), false)
  assert.deepEqual(
    (await readdir(cache)).map((name) => join(cache, name)),
    [keptLibraries(cache)],
  )
})

test('a shop sells and its staff sign in with the kept files alone, which export what the libraries do', async (t) => {
  const cache = await makeFolder(t)
  await keepLibraries(cache)
  const originals = new Map(Object.keys(libraries).map((name) => [name, `${import.meta.resolve(name)}?as-it-comes`]))
  assert.equal(loadKeptLibraries(keptLibraries(cache)), true)
  const loaded: string[] = []
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  const { startShop } = await import('../test/shop.ts')
  const shop = await startShop('one')
  t.after(() => shop.stop())
  assert.equal((await shop.api('GET', '/api/products')).status, 200)
  assert.equal((await shop.api('GET', '/api/admin/orders', undefined, { token: shop.staffToken })).status, 200)
  hooks.deregister()
  const among = (pattern: RegExp): string[] => loaded.filter((url) => pattern.test(url))
  assert.deepEqual(among(/node_modules\/(typebox|kysely|better-auth|@better-auth)\//), [])
  for (const file of Object.values(libraries)) assert.equal(among(new RegExp(`/${file}\\.mjs$`)).length, 1, file)

  for (const [name, original] of originals)
    assert.deepEqual(Object.keys(await import(name)).sort(), Object.keys(await import(original)).sort(), name)
})
