import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { build } from './build.ts'

let cache: string
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'stoa-build-'))
})
after(async () => {
  await rm(cache, { recursive: true, force: true })
})

/** Bytes a page may cost, compressed with Brotli: the budget of the design. */
const bytesAtMost = 15 * 1024

test('a build keeps within its budget, and what is compressed is what was built', async () => {
  const { assets, files, pages } = await build(cache)
  const of = (address: string) => {
    const file = files.get(address.split('/').at(-1) ?? '')
    assert.ok(file?.brotli && file.gzip, address)
    assert.ok(brotliDecompressSync(file.brotli).equals(file.body))
    assert.ok(gunzipSync(file.gzip).equals(file.body))
    return file.brotli.length
  }
  assert.ok(of(assets.script) <= bytesAtMost)
  assert.ok(of(assets.style) <= bytesAtMost)
  assert.match(assets.script, /^\/assets\/main-[A-Z0-9]{8}\.js$/)
  assert.equal(assets.fonts.length, 2)
  for (const font of assets.fonts) assert.equal(files.get(font.slice('/assets/'.length))?.type, 'font/woff2')
  assert.equal(files.get('favicon.ico')?.body.subarray(0, 4).toString('hex'), '00000100')
  const corner = pages.visitor({ hasSession: false, units: 120, prefix: '/us' })
  assert.match(corner, /href="\/us\/cart"[^>]*aria-label="Cart, 120 items"[\s\S]*99\+/)
})

test('the second build reads what the first one kept', async () => {
  const first = await build(cache)
  const [folder] = await readdir(cache)
  const { mtimeMs } = await stat(join(cache, folder ?? ''))
  const second = await build(cache)
  assert.deepEqual([...second.files.keys()], [...first.files.keys()])
  assert.equal((await stat(join(cache, folder ?? ''))).mtimeMs, mtimeMs)
  assert.equal(second.pages, first.pages)
})

test('builds of other sources are removed after a day', async () => {
  const own = await mkdtemp(join(tmpdir(), 'stoa-build-'))
  const [old, young] = [join(own, 'old'), join(own, 'young')]
  await Promise.all([old, young].map((folder) => mkdir(folder)))
  const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000)
  await utimes(old, twoDaysAgo, twoDaysAgo)
  await build(own)
  const left = await readdir(own)
  assert.equal(left.includes('old'), false)
  assert.equal(left.includes('young'), true)
  assert.equal(left.length, 2)
  await rm(own, { recursive: true })
})

test('an installation that cannot be written to starts all the same', { skip: process.getuid?.() === 0 }, async () => {
  const closed = await mkdtemp(join(tmpdir(), 'stoa-build-'))
  await chmod(closed, 0o500)
  const { pages } = await build(join(closed, 'cache'))
  assert.equal(typeof pages.render, 'function')
  await chmod(closed, 0o700)
  await rm(closed, { recursive: true })
})
