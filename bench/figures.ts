import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { fastify } from 'fastify'

// The figures of a release: CPU an order, reads beside a bare Fastify on the same machine in the same run. Starts a shop
// of its own, talks to 127.0.0.1 only, and stops by itself. Linux: CPU time is read from /proc.

const root = join(import.meta.dirname, '..')
const port = Number(process.env.BENCH_PORT ?? 4_310)
const orders = Number(process.env.BENCH_ORDERS ?? 1_000)
const buyersAtOnce = 8
const readSeconds = 5
const rounds = 3
const base = `http://127.0.0.1:${port}`

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Clock ticks a second in /proc/<pid>/stat: fixed at 100 on Linux for user space. */
const ticksPerSecond = 100

async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1_000) / ticksPerSecond
}

/** CPU of the shop's PostgreSQL: its backends count as they end, so the parent's children are added too. */
async function postgresCpuMs(postmaster: number): Promise<number> {
  let total = 0
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => null)
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
    if (Number(entry) === postmaster) total += ((Number(fields[13]) + Number(fields[14])) * 1_000) / ticksPerSecond
    if (Number(entry) === postmaster || Number(fields[1]) === postmaster) total += await cpuMs(Number(entry))
  }
  return total
}

const residentMb = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024

type Json = Record<string, never> & { [key: string]: never }

async function send(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const value = (await answer.json()) as Json
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`)
  return value
}

async function startShop(dataFolder: string): Promise<{ shop: ChildProcess; startedMs: number }> {
  const since = performance.now()
  const shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start'], {
    env: { ...process.env, PORT: String(port), STOA_DATA: dataFolder, STOA_LOG: 'silent' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (;;) {
    const ok = await fetch(`${base}/api/products?limit=1`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ok) return { shop, startedMs: performance.now() - since }
    if (shop.exitCode !== null) throw new Error('the shop did not start')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function stop(shop: ChildProcess): Promise<void> {
  const exited = once(shop, 'exit')
  shop.kill('SIGTERM')
  await exited
}

const address = { name: 'Ada Lovelace', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

/** Three requests sell: cart, checkout, order. */
async function buy(variantId: string): Promise<void> {
  const cart = await send('POST', '/api/carts', {
    lines: [{ variantId, quantity: 1 }],
    email: 'ada@example.com',
    shippingAddress: address,
  })
  const { order } = (await send('POST', `/api/carts/${cart.id}/checkout`, {
    payment: { provider: 'sandbox', token: 'tok_ok' },
  })) as unknown as { order: { id: string; token: string; status: string } }
  if (order.status !== 'placed') throw new Error(`order is ${order.status}`)
  await send('GET', `/api/orders/${order.id}?token=${order.token}`)
}

/** Variants with stock left, by what the shop itself says. */
async function sellable(): Promise<string[]> {
  const { items } = (await send('GET', '/api/products?limit=100&inStock=true')) as unknown as {
    items: { handle: string }[]
  }
  const details = (await Promise.all(items.map(({ handle }) => send('GET', `/api/products/${handle}`)))) as unknown as {
    variants: { id: string; available: boolean; lowStock: number | null }[]
  }[]
  return details.flatMap(({ variants }) =>
    variants.filter(({ available, lowStock }) => available && lowStock === null).map(({ id }) => id),
  )
}

async function sellOrders(shop: ChildProcess, postmaster: number): Promise<void> {
  const variants = await sellable()
  for (let n = 0; n < 50; n++) await buy(variants[n % variants.length] as string)
  const [nodeBefore, postgresBefore, since] = [
    await cpuMs(shop.pid as number),
    await postgresCpuMs(postmaster),
    performance.now(),
  ]
  let next = 0
  let soldOut = 0
  const buyer = async (): Promise<void> => {
    while (next < orders) {
      const variantId = variants[next++ % variants.length] as string
      await buy(variantId).catch((error: Error) => {
        if (!error.message.includes('insufficient-stock')) throw error
        soldOut += 1
      })
    }
  }
  await Promise.all(Array.from({ length: buyersAtOnce }, buyer))
  const seconds = (performance.now() - since) / 1_000
  const sold = orders - soldOut
  const node = (await cpuMs(shop.pid as number)) - nodeBefore
  const postgres = (await postgresCpuMs(postmaster)) - postgresBefore
  say(
    `orders: ${sold} in ${seconds.toFixed(1)} s (${(sold / seconds).toFixed(0)} a second), CPU an order: shop ${(node / sold).toFixed(2)} ms, PostgreSQL ${(postgres / sold).toFixed(2)} ms`,
  )
}

async function rate(url: string): Promise<number> {
  const result = await autocannon({ url, connections: 16, duration: readSeconds })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} errors`)
  return result.requests.average
}

/** The same bytes from a bare Fastify in a process of its own. */
async function startBare(bodies: Record<string, string>, barePort: number): Promise<ChildProcess> {
  const bare = spawn(process.execPath, [import.meta.filename, 'bare', String(barePort)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  bare.stdin?.end(JSON.stringify(bodies))
  await once(bare.stdout as NodeJS.ReadableStream, 'data')
  return bare
}

async function serveBare(barePort: number): Promise<void> {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const app = fastify()
  for (const [name, body] of Object.entries(JSON.parse(text) as Record<string, string>)) {
    app.get(`/${name}`, async (_, reply) => reply.type('application/json').send(body))
  }
  await app.listen({ port: barePort, host: '127.0.0.1' })
  say('ready')
}

async function readFigures(): Promise<void> {
  const { items } = (await send('GET', '/api/products?limit=1')) as unknown as { items: { handle: string }[] }
  const paths: Record<string, string> = {
    detail: `/api/products/${items[0]?.handle}`,
    listing: '/api/products?limit=24',
  }
  const bodies: Record<string, string> = {}
  for (const [name, path] of Object.entries(paths)) bodies[name] = await (await fetch(`${base}${path}`)).text()
  const bare = await startBare(bodies, port + 9)
  try {
    for (const [name, path] of Object.entries(paths)) {
      const ratios: number[] = []
      const rates: number[] = []
      for (let round = 0; round < rounds; round++) {
        const own = await rate(`${base}${path}`)
        const limit = await rate(`http://127.0.0.1:${port + 9}/${name}`)
        rates.push(own)
        ratios.push(own / limit)
      }
      const sorted = [...ratios].sort((a, b) => a - b).map((one) => one.toFixed(2))
      say(
        `${name}: ${rates.map((one) => one.toFixed(0)).join(', ')} a second, ${sorted.join(' … ')} of a bare Fastify with the same ${bodies[name]?.length} bytes`,
      )
    }
  } finally {
    bare.kill('SIGTERM')
  }
}

async function main(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-figures-'))
  say(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`)
  try {
    const first = await startShop(dataFolder)
    say(`first start to first 200: ${(first.startedMs / 1_000).toFixed(2)} s (seeding goes on)`)
    while (((await send('GET', '/api/products?limit=100')) as unknown as { items: unknown[] }).items.length < 60)
      await new Promise((resolve) => setTimeout(resolve, 200))
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    await stop(first.shop)
    const second = await startShop(dataFolder)
    say(`second start to first 200: ${(second.startedMs / 1_000).toFixed(2)} s`)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const { shop } = second
    say(`resident memory idle, without PostgreSQL: ${(await residentMb(shop.pid as number)).toFixed(0)} MB`)
    const { pid: postmaster } = JSON.parse(await readFile(join(dataFolder, 'postgres.json'), 'utf8')) as { pid: number }
    await sellOrders(shop, postmaster)
    await readFigures()
    say(`resident memory after that: ${(await residentMb(shop.pid as number)).toFixed(0)} MB`)
    await stop(shop)
  } finally {
    await rm(dataFolder, { recursive: true, force: true })
  }
}

await (process.argv[2] === 'bare' ? serveBare(Number(process.argv[3])) : main())
