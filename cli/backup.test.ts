import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Api, apiAt } from '../test/api.ts'
import { freePorts } from './free-ports.ts'

const program = join(import.meta.dirname, 'stoa.ts')
const folder = await mkdtemp(join(tmpdir(), 'stoa-backup-'))
const place = (name: string): string => join(folder, name)
const untilItIsGone = { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }
const [port = 0, sandboxPort = 0] = await freePorts(2)
const url = `http://127.0.0.1:${port}`
const api = apiAt(url)
const shops = new Set<ChildProcess>()
after(async () => {
  for (const shop of shops) shop.kill('SIGKILL')
  await rm(folder, untilItIsGone)
})

const environmentOf = (dataFolder: string): Record<string, string | undefined> => ({
  ...process.env,
  DATABASE_URL: undefined,
  PORT: String(port),
  STOA_SANDBOX_PORT: String(sandboxPort),
  STOA_DATA: dataFolder,
  STOA_LOG: 'silent',
})

async function start(dataFolder: string): Promise<{ end(signal: NodeJS.Signals): Promise<void> }> {
  const shop = spawn(process.execPath, [program, 'start'], { env: environmentOf(dataFolder) })
  shops.add(shop)
  shop.stderr.resume()
  const exited = once(shop, 'exit')
  let output = ''
  shop.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  // Said when the demo goods are all there.
  for (const until = Date.now() + 120_000; !output.includes('Press Ctrl-C to stop.'); ) {
    assert.ok(shop.exitCode === null && Date.now() < until, 'the shop starts')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    async end(signal) {
      shop.kill(signal)
      await exited
      shops.delete(shop)
    },
  }
}

/** Runs a command on that folder. */
const stoa = (dataFolder: string, parameters: readonly string[], more: Record<string, string> = {}) =>
  new Promise<{ status: number; output: string }>((resolve) => {
    const options = { env: { ...environmentOf(dataFolder), ...more } }
    execFile(process.execPath, [program, ...parameters], options, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })

type Order = { readonly id: string; readonly token: string }

async function buyMug(from: Api): Promise<Order> {
  const mug = await from('GET', '/api/products/agora-mug')
  const cart = await from('POST', '/api/carts', {
    lines: [{ variantId: mug.body.variants[0].id, quantity: 1 }],
    email: 'ada@example.com',
    shippingAddress: { name: 'Ada', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' },
  })
  const payment = { provider: 'sandbox', token: 'tok_ok' }
  const answer = await from('POST', `/api/carts/${cart.body.id}/checkout`, { payment })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body.order
}

const goods = async (): Promise<string[]> =>
  (await api('GET', '/api/products?limit=100')).body.items.map(({ id }: { id: string }) => id).sort()

const statusOf = async ({ id, token }: Order): Promise<number> =>
  (await api('GET', `/api/orders/${id}?token=${token}`)).status

test('a shop is backed up while it sells, and is whole again on another folder, as it was at that moment', async () => {
  const lost = await start(place('lost'))
  const sold = await goods()
  assert.equal(sold.length, 63)
  const before = [await buyMug(api), await buyMug(api)]
  let isTaken = false
  const meanwhile: Order[] = []
  const selling = (async () => {
    while (!isTaken) meanwhile.push(await buyMug(api))
  })()
  const taken = await stoa(place('lost'), ['backup', place('backup')])
  isTaken = true
  await selling
  assert.equal(taken.status, 0, taken.output)
  assert.match(taken.output, /backup has the shop as it is now, with its secrets/)
  assert.ok(meanwhile.length > 0, 'somebody bought while it was copied')
  const later = await buyMug(api)

  assert.deepEqual(await stoa(place('lost'), ['restore', place('backup')]), {
    status: 1,
    output: `stoa: ${place('lost')} is not empty: name a folder that is not there yet.\n`,
  })
  assert.equal(await statusOf(later), 200, 'the shop that runs is as it was')

  await lost.end('SIGKILL')
  // Its PostgreSQL ends with it, and may be a moment behind.
  await rm(place('lost'), untilItIsGone)
  const restored = await stoa(place('restored'), ['restore', place('backup')])
  assert.equal(restored.status, 0, restored.output)
  const shop = await start(place('restored'))
  for (const order of before) assert.equal(await statusOf(order), 200)
  assert.equal(await statusOf(later), 404, 'what came after the backup is not in it')
  assert.deepEqual(await goods(), sold, 'the goods are the same ones')
  const verified = await stoa(place('restored'), ['verify'])
  assert.equal(verified.status, 0, verified.output)
  await buyMug(api)
  await shop.end('SIGINT')

  // Where no shop runs, the database runs for as long as it is copied.
  const again = await stoa(place('restored'), ['backup', place('second')])
  assert.equal(again.status, 0, again.output)
  assert.equal((await stoa(place('third'), ['restore', place('second')])).status, 0)
  const holds = await stoa(place('third'), ['verify'])
  assert.equal(holds.status, 0, holds.output)
  assert.deepEqual((await readdir(folder)).sort(), ['backup', 'restored', 'second', 'third'])
})

test('what is no backup, and what is not in the data folder, is refused in a line, and nothing is made', async () => {
  await mkdir(place('photos'))
  await writeFile(join(place('photos'), 'cat.jpg'), '')
  const made = (await readdir(folder)).sort()
  const refusals: [dataFolder: string, parameters: string[], environment: Record<string, string>, line: string][] = [
    ['new', ['restore', place('photos')], {}, `${place('photos')} is no backup that "stoa backup" has made.`],
    ['new', ['backup', place('copy')], {}, `There is no shop in ${place('new')}. Name its data folder with STOA_DATA.`],
    [
      'new',
      ['backup', place('copy')],
      { DATABASE_URL: 'postgres://127.0.0.1:1/shop' },
      'the rows are in a PostgreSQL of your own: back it up by its own means, stoa backup copies a data folder',
    ],
    [
      'new',
      ['backup', place('copy')],
      { MONGODB_URL: 'mongodb://127.0.0.1:1/goods' },
      'the catalog is in a MongoDB of your own: back it up by its own means, stoa backup copies a data folder',
    ],
  ]
  for (const [dataFolder, parameters, environment, line] of refusals) {
    const refused = await stoa(place(dataFolder), parameters, environment)
    assert.deepEqual(refused, { status: 1, output: `stoa: ${line}\n` })
  }
  assert.deepEqual((await readdir(folder)).sort(), made)
})
