import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import { pino } from 'pino'
import { identity } from '../../services/identity/contract.ts'
import { adminFolder, buildAdmin, bundleFolder, sourcesStamp } from './build.ts'
import { adminApp } from './serve.ts'

async function serve(t: TestContext, build?: () => Promise<unknown>) {
  const app = fastify()
  const shop = { name: 'Portico', publicUrl: 'http://localhost', demo: false }
  await app.register(adminApp({ shop, log: pino({ level: 'silent' }), ...(build ? { build } : {}) }), {} as never)
  t.after(() => app.close())
  return app
}

test('every address below /admin is the one page, never cached, under a strict policy', async (t) => {
  await buildAdmin()
  const app = await serve(t)
  const first = await app.inject('/admin')
  for (const url of ['/admin', '/admin/', '/admin/orders/order_1', '/admin/no/such/place']) {
    const { statusCode, headers, body } = await app.inject(url)
    assert.deepEqual(
      [statusCode, headers['content-type'], headers['cache-control'], headers['referrer-policy'], body === first.body],
      [200, 'text/html; charset=utf-8', 'no-store', 'no-referrer', true],
      url,
    )
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /(?:^|; )default-src 'none';.* script-src 'self';.* frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline/)
  }
  // The policy allows no script but files, so the page may hold none.
  assert.doesNotMatch(first.body, /<script(?![^>]* src=)/)
})

test('under overload staff come before those who only look', async (t) => {
  const app = fastify()
  t.after(() => app.close())
  const importance = new Map<string, unknown>()
  app.addHook('onRoute', ({ url, config }) => void importance.set(url, config?.importance))
  const shop = { name: 'Portico', publicUrl: 'http://localhost', demo: false }
  await app.register(adminApp({ shop, log: pino({ level: 'silent' }), build: async () => undefined }), {} as never)
  assert.deepEqual([importance.get('/admin'), importance.get('/admin/*')], ['account', 'account'])
  assert.equal(identity.operations.session.importance, 'account')
})

test('files with a digest in their name are kept for a year and sent compressed; others do not exist', async (t) => {
  await buildAdmin()
  const app = await serve(t)
  const script = (await readdir(join(bundleFolder, 'assets'))).find((name) => name.endsWith('.js')) ?? assert.fail()
  const plain = await app.inject(`/admin/assets/${script}`)
  assert.deepEqual([plain.statusCode, plain.headers['cache-control']], [200, 'public, max-age=31536000, immutable'])
  const small = await app.inject({ url: `/admin/assets/${script}`, headers: { 'accept-encoding': 'br' } })
  assert.equal(small.headers['content-encoding'], 'br')
  assert.ok(small.rawPayload.length < plain.rawPayload.length / 2, `${small.rawPayload.length} bytes`)
  assert.equal((await app.inject('/admin/assets/index-00000000.js')).statusCode, 404)
})

test('while the bundle is being built the page says so and looks again; when it cannot be built it says that', async (t) => {
  const waiting = await (await serve(t, () => new Promise(() => undefined))).inject('/admin')
  assert.match(waiting.body, /The admin is being built/)
  assert.match(waiting.body, /<meta http-equiv="refresh" content="1">/)
  assert.match(String(waiting.headers['content-security-policy']), /script-src 'self'/)
  const failed = await (await serve(t, async () => Promise.reject(new Error('no vite at /home/me')))).inject('/admin')
  assert.match(failed.body, /The admin could not be built/)
  assert.doesNotMatch(failed.body, /refresh|no vite/)
})

test('the bundle is built again when a source changes, and only then', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-admin-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const name of ['src', 'index.html', 'vite.config.ts', 'build.ts', 'package.json'])
    await cp(join(adminFolder, name), join(folder, name), { recursive: true })
  const stamp = await sourcesStamp(folder)
  assert.equal(stamp, await sourcesStamp(adminFolder), 'the folder’s place does not count')
  await writeFile(join(folder, 'src', 'ui', 'new.ts'), 'export const one = 1\n')
  const changed = await sourcesStamp(folder)
  assert.notEqual(changed, stamp)
  await rm(join(folder, 'src', 'ui', 'new.ts'))
  assert.equal(await sourcesStamp(folder), stamp)
  await buildAdmin()
  assert.equal(await buildAdmin(), false)
})
