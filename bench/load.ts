import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'

// Shoppers as a shop sees them on its worst day: they look, they buy, and they come whether or not it keeps up.

/** What shoppers look at for each order that one of them places. */
export const pagesAnOrder = 5
/** Every browser takes pages compressed, and nothing here reads them. */
const asBrowsers = { 'accept-encoding': 'gzip, deflate, br' }
/** Longer than an order takes. */
const beginSeconds = 2
/** As a load balancer has: more wait there, and what they wait counts as the shop's. */
const connectionsAtMost = 1_024
/** Longer than any answer that is worth something. */
const timeoutMs = 15_000

type Answer = {
  readonly status: number
  /** Whether it says when to come again. */
  readonly saysWhen: boolean
  readonly tookMs: number
  readonly body: Record<string, never> | null
}

/** What a shopper asks for, in the order in which it is asked. */
export const steps = ['page', 'cart', 'checkout', 'order'] as const
export type Step = (typeof steps)[number]

/** What came of the load. */
export type Seen = {
  orders: number
  pages: number
  failed: number
  readonly failures: Map<string, number>
  /** How long each waited for that. */
  readonly turnedAwayMs: Readonly<Record<Step, number[]>>
  readonly checkoutMs: number[]
  readonly pageMs: number[]
}
export const nothingSeen = (): Seen => ({
  orders: 0,
  pages: 0,
  failed: 0,
  failures: new Map(),
  turnedAwayMs: { page: [], cart: [], checkout: [], order: [] },
  checkoutMs: [],
  pageMs: [],
})

/** What was seen after `before`. */
const since = (before: Seen, now: Seen): Seen => ({
  ...now,
  orders: now.orders - before.orders,
  pages: now.pages - before.pages,
  turnedAwayMs: Object.fromEntries(
    steps.map((step) => [step, now.turnedAwayMs[step].slice(before.turnedAwayMs[step].length)]),
  ) as Record<Step, number[]>,
  checkoutMs: now.checkoutMs.slice(before.checkoutMs.length),
  pageMs: now.pageMs.slice(before.pageMs.length),
})

export const turnedAway = ({ turnedAwayMs }: Seen): number =>
  steps.reduce((all, step) => all + turnedAwayMs[step].length, 0)

const withoutWhen = ', and not when to come again'
/** Who was turned away without a Retry-After, by step and status. */
export const unhelpful = ({ failures }: Seen): string[] =>
  [...failures.keys()].filter((what) => what.endsWith(withoutWhen))

/** @returns the answer when it was a good one; what was turned away or went wrong is counted */
async function tried(seen: Seen, step: Step, asked: Promise<Answer>): Promise<Answer | null> {
  const answer = await asked.catch((error: Error) => error)
  if (!(answer instanceof Error) && answer.status < 300) return answer
  if (!(answer instanceof Error) && (answer.status === 503 || answer.status === 429)) {
    if (answer.saysWhen) seen.turnedAwayMs[step].push(answer.tookMs)
    else fail(seen, `${step} ${answer.status}${withoutWhen}`)
  } else {
    fail(seen, answer instanceof Error ? answer.message : `${step} ${answer.status}`)
  }
  return null
}

function fail(seen: Seen, what: string): void {
  seen.failed += 1
  seen.failures.set(what, (seen.failures.get(what) ?? 0) + 1)
}

/** The value below which `part` of them lie; undefined of none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

const address = { name: 'Ada Lovelace', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

/** So much of everything that nothing sells out: what is refused then is refused for the load. */
export async function fillShelves(
  base: string,
  staff: { readonly email: string; readonly password: string },
  variants: readonly string[],
): Promise<void> {
  const call = async <R>(method: string, path: string, body: unknown, token?: string): Promise<R> => {
    const authorization = token ? { authorization: `Bearer ${token}` } : {}
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...authorization },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as R
  }
  const { token } = await call<{ token: string }>('POST', '/api/auth/sign-in/email', staff)
  const { items } = await call<{ items: { id: string }[] }>('GET', '/api/admin/locations', null, token)
  for (const variantId of variants)
    await call('PUT', '/api/admin/inventory/levels', { variantId, locationId: items[0]?.id, onHand: 1_000_000 }, token)
}

export type Goods = { readonly variants: readonly string[]; readonly paths: readonly string[] }

/** The load on the shop at `base`, whose shoppers look at so many pages for each order. */
export function loadOn(base: string, pages: number = pagesAnOrder) {
  // Bodies are small: what is wanted of them is read, the rest is thrown away as it comes.
  const agent = new Agent({ connections: connectionsAtMost, pipelining: 1, keepAliveTimeout: 30_000 })

  async function send(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const since = performance.now()
    const answer = await request(`${base}${path}`, {
      method,
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        ...headers,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
      },
      body: body ? JSON.stringify(body) : null,
    })
    const isJson = answer.headers['content-type']?.includes('application/json') && !answer.headers['content-encoding']
    const value = isJson
      ? ((await answer.body.json()) as Record<string, never>)
      : await answer.body.dump().then(() => null)
    return {
      status: answer.statusCode,
      saysWhen: Number(answer.headers['retry-after']) > 0,
      tookMs: performance.now() - since,
      body: value,
    }
  }

  /** Three requests sell: cart, checkout, order. */
  async function buy(seen: Seen, variantId: string): Promise<void> {
    const cart = await tried(
      seen,
      'cart',
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
      'checkout',
      send('POST', `/api/carts/${id}/checkout`, { payment: { provider: 'sandbox', token: 'tok_ok' } }),
    )
    if (!checkout) return
    seen.checkoutMs.push(checkout.tookMs)
    const { order } = checkout.body as unknown as { order: { id: string; token: string; status: string } }
    if (!(await tried(seen, 'order', send('GET', `/api/orders/${order.id}?token=${order.token}`)))) return
    if (order.status === 'placed') seen.orders += 1
    else fail(seen, `an order ${order.status}`)
  }

  async function look(seen: Seen, path: string): Promise<void> {
    const page = await tried(seen, 'page', send('GET', path, undefined, asBrowsers))
    if (!page) return
    seen.pages += 1
    seen.pageMs.push(page.tookMs)
  }

  /** So many shoppers beside each other, each as fast as the shop answers. */
  async function crowd(
    seconds: number,
    shoppers: number,
    visit: (seen: Seen, n: number) => Promise<void>,
  ): Promise<Seen> {
    const seen = nothingSeen()
    const until = performance.now() + seconds * 1_000
    let next = 0
    const shopper = async (): Promise<void> => {
      while (performance.now() < until) await visit(seen, next++)
    }
    await Promise.all(Array.from({ length: shoppers }, shopper))
    return seen
  }

  const lookAt = (seen: Seen, { paths }: Goods, n: number): Promise<void> =>
    look(seen, paths[n % paths.length] as string)

  /** They look and buy. */
  const sell = (goods: Goods, seconds: number, shoppers: number): Promise<Seen> =>
    crowd(seconds, shoppers, async (seen, n) => {
      for (let page = 0; page < pages; page++) await lookAt(seen, goods, n * pages + page)
      await buy(seen, goods.variants[n % goods.variants.length] as string)
    })

  /** They only look. */
  const show = (goods: Goods, seconds: number, shoppers: number): Promise<Seen> =>
    crowd(seconds, shoppers, (seen, n) => lookAt(seen, goods, n))

  /**
   * Shoppers come by chance (a Poisson process), whether or not the shop keeps up, for as long as `seconds`.
   * @param ordersASecond how many begin to buy in a second, at that second
   * @param seen where what becomes of one who comes now is counted
   * @returns resolves when the last one has come, to those who have not been answered yet
   */
  async function come(
    goods: Goods,
    ordersASecond: (second: number) => number,
    seconds: number,
    seen: () => Seen,
  ): Promise<ReadonlySet<Promise<void>>> {
    const running = new Set<Promise<void>>()
    const start = (work: Promise<void>): void => {
      const one = work.finally(() => running.delete(one))
      running.add(one)
    }
    const began = performance.now()
    for (let n = 0, due = 0; ; n++) {
      due += -Math.log(1 - Math.random()) / (ordersASecond(due) * (pages + 1))
      if (due >= seconds) break
      const aheadMs = began + due * 1_000 - performance.now()
      if (aheadMs > 1) await pause(aheadMs)
      if (n % (pages + 1) === 0) start(buy(seen(), goods.variants[n % goods.variants.length] as string))
      else start(lookAt(seen(), goods, n))
    }
    return running
  }

  /**
   * They come at `ordersASecond`. Seen is what is answered within `seconds`, after those who came first have had their time: what is
   * answered when the last has come was sold while nobody else came.
   */
  async function offer(goods: Goods, ordersASecond: number, seconds: number): Promise<Seen> {
    const all = nothingSeen()
    const coming = come(
      goods,
      () => ordersASecond,
      beginSeconds + seconds,
      () => all,
    )
    await pause(beginSeconds * 1_000)
    const before = structuredClone(all)
    const running = await coming
    const inTime = since(before, all)
    await Promise.all(running)
    return { ...inTime, failed: all.failed, failures: all.failures }
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

  return { send, sell, show, come, offer, readGoods, close: () => agent.close() }
}
