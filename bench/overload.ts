import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'

// What a shop does when more comes than it can serve. Finds how much a shop of its own sells and shows at most, then offers
// once, twice and five times that, by a clock that does not wait for answers. Talks to 127.0.0.1 only, and stops by itself.

const root = join(import.meta.dirname, '..')
const port = Number(process.env.BENCH_PORT ?? 4_330)
const seconds = Number(process.env.BENCH_SECONDS ?? 10)
const base = `http://127.0.0.1:${port}`
/** What shoppers look at for each order that one of them places. */
const pagesAnOrder = 5
/** Shoppers beside each other who keep the shop busy, when its limit is looked for. */
const shoppersAtOnce = 24
const multiples = [1, 2, 5]
/** Longer than any answer that is worth something. */
const timeoutMs = 15_000

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

// Bodies are small: what is wanted of them is read, the rest is thrown away as it comes.
const agent = new Agent({ connections: 512, pipelining: 1, keepAliveTimeout: 30_000 })

type Answer = { readonly status: number; readonly tookMs: number; readonly body: Record<string, never> | null }

async function send(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
  const since = performance.now()
  const answer = await request(`${base}${path}`, {
    method,
    dispatcher: agent,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    headers: {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    body: body ? JSON.stringify(body) : null,
  })
  const isJson = answer.headers['content-type']?.includes('application/json')
  const value = isJson
    ? ((await answer.body.json()) as Record<string, never>)
    : await answer.body.dump().then(() => null)
  return { status: answer.statusCode, tookMs: performance.now() - since, body: value }
}

/** What came of the load. */
type Seen = {
  orders: number
  pages: number
  turnedAway: number
  failed: number
  readonly failures: Map<string, number>
  readonly turnAwayMs: number[]
  readonly checkoutMs: number[]
  readonly pageMs: number[]
}
const nothingSeen = (): Seen => ({
  orders: 0,
  pages: 0,
  turnedAway: 0,
  failed: 0,
  failures: new Map(),
  turnAwayMs: [],
  checkoutMs: [],
  pageMs: [],
})

/** @returns the answer when it was a good one; what was turned away or went wrong is counted */
async function tried(seen: Seen, asked: Promise<Answer>): Promise<Answer | null> {
  const answer = await asked.catch((error: Error) => error)
  if (!(answer instanceof Error) && answer.status < 300) return answer
  if (!(answer instanceof Error) && (answer.status === 503 || answer.status === 429)) {
    seen.turnedAway += 1
    seen.turnAwayMs.push(answer.tookMs)
  } else {
    seen.failed += 1
    const what = answer instanceof Error ? answer.message : String(answer.status)
    seen.failures.set(what, (seen.failures.get(what) ?? 0) + 1)
  }
  return null
}

const address = { name: 'Ada Lovelace', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

/** Three requests sell: cart, checkout, order. */
async function buy(seen: Seen, variantId: string): Promise<void> {
  const cart = await tried(
    seen,
    send('POST', '/api/carts', {
      lines: [{ variantId, quantity: 1 }],
      email: 'ada@example.com',
      shippingAddress: address,
    }),
  )
  if (!cart) return
  const { id } = cart.body as unknown as { id: string }
  const checkout = await tried(
    seen,
    send('POST', `/api/carts/${id}/checkout`, { payment: { provider: 'sandbox', token: 'tok_ok' } }),
  )
  if (!checkout) return
  seen.checkoutMs.push(checkout.tookMs)
  const { order } = checkout.body as unknown as { order: { id: string; token: string; status: string } }
  if (!(await tried(seen, send('GET', `/api/orders/${order.id}?token=${order.token}`)))) return
  if (order.status === 'placed') seen.orders += 1
  else seen.failed += 1
}

async function look(seen: Seen, path: string): Promise<void> {
  const page = await tried(seen, send('GET', path))
  if (!page) return
  seen.pages += 1
  seen.pageMs.push(page.tookMs)
}

type Goods = { readonly variants: readonly string[]; readonly paths: readonly string[] }

/** Each shopper looks and buys as fast as the shop answers. */
async function findLimit(goods: Goods): Promise<Seen> {
  const seen = nothingSeen()
  const until = performance.now() + seconds * 1_000
  let next = 0
  const shopper = async (): Promise<void> => {
    while (performance.now() < until) {
      const n = next++
      for (let page = 0; page < pagesAnOrder; page++)
        await look(seen, goods.paths[(n * pagesAnOrder + page) % goods.paths.length] as string)
      await buy(seen, goods.variants[n % goods.variants.length] as string)
    }
  }
  await Promise.all(Array.from({ length: shoppersAtOnce }, shopper))
  return seen
}

/** Shoppers come at `ordersASecond`, by chance (a Poisson process), whether or not the shop keeps up. */
async function offer(goods: Goods, ordersASecond: number): Promise<Seen> {
  const seen = nothingSeen()
  const running = new Set<Promise<void>>()
  const start = (work: Promise<void>): void => {
    const one = work.finally(() => running.delete(one))
    running.add(one)
  }
  const began = performance.now()
  const arrivals = ordersASecond * (pagesAnOrder + 1)
  let due = 0
  for (let n = 0; due < seconds; n++) {
    due += -Math.log(1 - Math.random()) / arrivals
    const aheadMs = began + due * 1_000 - performance.now()
    if (aheadMs > 1) await pause(aheadMs)
    if (n % (pagesAnOrder + 1) === 0) start(buy(seen, goods.variants[n % goods.variants.length] as string))
    else start(look(seen, goods.paths[n % goods.paths.length] as string))
  }
  await Promise.all(running)
  return seen
}

function quantile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  return value === undefined ? '–' : `${value.toFixed(0)} ms`
}

function report(name: string, seen: Seen): void {
  const each = (count: number): string => (count / seconds).toFixed(0)
  say(
    `${name}: ${each(seen.orders)} orders/s, ${each(seen.pages)} pages/s; turned away ${each(seen.turnedAway)}/s in ${quantile(seen.turnAwayMs, 0.5)} (p99 ${quantile(seen.turnAwayMs, 0.99)}); checkout p50 ${quantile(seen.checkoutMs, 0.5)}, p99 ${quantile(seen.checkoutMs, 0.99)}; page p99 ${quantile(seen.pageMs, 0.99)}; failed ${seen.failed} ${[...seen.failures].map(([what, n]) => `${n} × ${what}`).join(', ')}`,
  )
}

async function readGoods(): Promise<Goods> {
  const list = await send('GET', '/api/products?limit=100&inStock=true')
  const { items } = list.body as unknown as { items: { handle: string }[] }
  const variants: string[] = []
  for (const { handle } of items) {
    const { body } = await send('GET', `/api/products/${handle}`)
    const product = body as unknown as { variants: { id: string; available: boolean; lowStock: number | null }[] }
    for (const { id, available, lowStock } of product.variants) if (available && lowStock === null) variants.push(id)
  }
  const handles = items.slice(0, 20).map(({ handle }) => handle)
  return {
    variants,
    paths: [
      '/',
      '/products',
      '/api/products?limit=24',
      ...handles.map((handle) => `/products/${handle}`),
      ...handles.map((handle) => `/api/products/${handle}`),
    ],
  }
}

/** A shop that is not seeding any more: started a second time. */
async function startShop(dataFolder: string): Promise<ChildProcess> {
  const start = async (isThere: (items: number) => boolean): Promise<ChildProcess> => {
    const shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start'], {
      env: { ...process.env, PORT: String(port), STOA_DATA: dataFolder, STOA_LOG: 'silent' },
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    for (;;) {
      const answer = await send('GET', '/api/products?limit=100').catch(() => null)
      if (answer?.status === 200 && isThere((answer.body as unknown as { items: unknown[] }).items.length)) return shop
      if (shop.exitCode !== null) throw new Error('the shop did not start')
      await pause(200)
    }
  }
  const first = await start((items) => items >= 60)
  await pause(5_000)
  await stop(first)
  return start(() => true)
}

async function stop(shop: ChildProcess): Promise<void> {
  const exited = once(shop, 'exit')
  shop.kill('SIGTERM')
  await exited
}

async function main(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-overload-'))
  say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; the load runs on the same machine`)
  const shop = await startShop(dataFolder)
  try {
    await pause(3_000)
    const goods = await readGoods()
    await findLimit(goods)
    const limit = await findLimit(goods)
    report(`limit, ${shoppersAtOnce} shoppers at once`, limit)
    const limits = limit.orders / seconds
    for (const multiple of multiples) {
      const seen = await offer(goods, limits * multiple)
      report(`${multiple} × ${limits.toFixed(0)} orders/s offered`, seen)
      say(
        `  orders ${(seen.orders / limit.orders).toFixed(2)}, pages ${(seen.pages / limit.pages).toFixed(2)} of the limit`,
      )
      await pause(2_000)
    }
  } finally {
    await stop(shop)
    await agent.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
}

await main()
