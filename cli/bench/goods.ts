import { setTimeout as pause } from 'node:timers/promises'
import { searchedWords } from './catalog.ts'
import { type OwnShop, staff } from './own-shop.ts'
import type { Goods } from './visits.ts'

/** Handles and variants that the load goes over: more than any cache that keeps only the newest few hundred would hold. */
const productsLookedAt = 400
/** "At depth": so many pages of fifty before the one that is asked for. */
const pagesDeep = 40
const askedAtOnce = 8

type Page<Item> = { readonly items: readonly Item[]; readonly nextCursor: string | null }
type Listed = { readonly handle: string }
type Detail = {
  readonly variants: readonly { readonly id: string; readonly available: boolean; readonly lowStock: number | null }[]
}

export type Staff = { ask<R>(method: string, path: string, body?: unknown): Promise<R>; readonly token: string }

export async function signIn({ base }: OwnShop): Promise<Staff> {
  const session = await send<{ token: string }>(base, 'POST', '/api/auth/sign-in/email', staff)
  const { token } = session
  return { token, ask: (method, path, body) => send(base, method, path, body, token) }
}

/** A machine that has just imported a large catalog may keep a database waiting: what is read before a run is asked for again. */
const triesAtMost = 30
const pauseMs = 1_000

async function send<R>(base: string, method: string, path: string, body?: unknown, token?: string): Promise<R> {
  const key = crypto.randomUUID()
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(method === 'GET' ? {} : { 'idempotency-key': key }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (answer.ok) return (await answer.json()) as R
    const said = await answer.text()
    if (answer.status !== 503 || tries === triesAtMost)
      throw new Error(`bench: ${method} ${path}: ${answer.status} ${said}`)
    await pause(pauseMs)
  }
}

/** Reads from the shop what the load will ask for: of the catalog a few hundred products that are there to be bought. */
export async function readGoods({ ask, token }: Staff): Promise<Goods> {
  const handles: string[] = []
  let cursor: string | null = null
  do {
    const from: string = cursor ? `&cursor=${cursor}` : ''
    const page: Page<Listed> = await ask('GET', `/api/products?limit=100&inStock=true${from}`)
    handles.push(...page.items.map(({ handle }) => handle))
    cursor = page.nextCursor
  } while (cursor && handles.length < productsLookedAt)
  const variants: string[] = []
  for (let from = 0; from < handles.length; from += askedAtOnce) {
    const some = handles.slice(from, from + askedAtOnce)
    const details = await Promise.all(some.map((handle) => ask<Detail>('GET', `/api/products/${handle}`)))
    for (const { variants: all } of details)
      variants.push(...all.filter(({ available, lowStock }) => available && lowStock === null).map(({ id }) => id))
  }
  const { items } = await ask<Page<Listed>>('GET', '/api/categories')
  return {
    handles,
    variants,
    hot: variants[0] as string,
    words: searchedWords,
    categories: items.map(({ handle }) => handle).slice(0, 20),
    deepProducts: await deepPage('/api/admin/products?limit=50', ask),
    deepOrders: '/api/admin/orders?limit=50',
    deepLevels: await deepPage('/api/admin/inventory/levels?limit=50&state=low', ask),
    token,
    linesACart: 1,
  }
}

/** The address of the page that comes after `pagesDeep` others, or the last one of a shorter list. */
export async function deepPage(path: string, ask: Staff['ask']): Promise<string> {
  let address = path
  for (let n = 0; n < pagesDeep; n++) {
    const { nextCursor } = await ask<Page<unknown>>('GET', address)
    if (!nextCursor) break
    address = `${path}&cursor=${nextCursor}`
  }
  return address
}

type Level = { readonly onHand: number; readonly available: number }

/** Sets what there is of a variant. */
export async function count(variantId: string, onHand: number, { ask }: Staff): Promise<void> {
  const { items } = await ask<Page<{ id: string }>>('GET', '/api/admin/locations')
  await ask('PUT', '/api/admin/inventory/levels', { variantId, locationId: items[0]?.id, onHand })
}

export async function levelOf(variantId: string, { ask }: Staff): Promise<Level> {
  const { items } = await ask<Page<Level>>('GET', `/api/admin/inventory/levels?variantId=${variantId}`)
  return items[0] as Level
}
