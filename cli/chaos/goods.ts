import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ShopSettings } from '../../services/settings.ts'
import { type Http, isUndecided } from './http.ts'
import type { ProvingGround } from './proving-ground.ts'

/** What the shop sells, and where to. */
export type Goods = {
  readonly market: string
  readonly country: string
  /** Variants of which there is always enough. */
  readonly plenty: readonly string[]
  /** A code that takes something off, for `couponUses` orders. */
  readonly coupon: string
  readonly couponId: string
}

/** As a shop's owner who is signed in. */
export type Staff = {
  send(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, key?: string): ReturnType<Http['send']>
}

const plentyVariants = 12
const plentyUnits = 1_000_000
/** Few enough to be spent during a run, so that the limit is fought over. */
export const couponUses = 40

const accountWithinMs = 30_000
/** Sign-ins that fail are limited to twenty a minute. */
const accountPauseMs = 2_000

export async function signIn(ground: Pick<ProvingGround, 'url' | 'staff'>, http: Http): Promise<Staff> {
  const signedIn = async () =>
    http.send('staff', 'POST', `${ground.url}/api/auth/sign-in/email`, { body: ground.staff })
  // A process answers for its health before it has made the first account.
  let answer = await signedIn()
  for (const until = Date.now() + accountWithinMs; answer.status !== 200 && Date.now() < until; ) {
    await pause(accountPauseMs)
    answer = await signedIn()
  }
  const { status, text } = answer
  if (status !== 200) throw new Error(`chaos: staff cannot sign in: ${status} ${text}`)
  const { token } = JSON.parse(text) as { token: string }
  return {
    send: (method, path, body, key) =>
      http.send('staff', method, `${ground.url}${path}`, {
        token,
        ...(body === undefined ? {} : { body }),
        ...(method === 'POST' ? { key: key ?? randomUUID() } : {}),
      }),
  }
}

/** Puts on sale what buyers want, in the first market and a country of it that the shop sends to. */
export async function stockShop(staff: Staff, settings: ShopSettings): Promise<Goods> {
  const [market] = settings.pricing.markets
  if (!market) throw new Error('chaos: the shop has no market')
  const country = market.countries.find((one) =>
    settings.shipping.zones.some(
      ({ countries, methods }) => countries.includes(one) && methods.some(({ rates }) => market.code in rates),
    ),
  )
  if (!country) throw new Error(`chaos: the shop sends to no country of its market ${market.code}`)
  await insist(staff, 'POST', '/api/admin/locations', { name: 'Warehouse' })
  const plenty: string[] = []
  for (let number = 1; number <= plentyVariants; number++)
    plenty.push(await sell(staff, market.code, `plenty-${number}`, plentyUnits))
  const coupon = 'CHAOS10'
  return { market: market.code, country, plenty, coupon, couponId: await promote(staff, coupon, couponUses) }
}

/** Gives a tenth off for a code, to so many orders. @returns the promotion's id */
export async function promote(staff: Staff, code: string, usageLimit: number): Promise<string> {
  const { id } = (await insist(staff, 'POST', '/api/admin/promotions', {
    label: 'A tenth off',
    code,
    kind: 'percentage',
    rate: 100_000,
    amounts: {},
    minimums: {},
    categories: [],
    startsAt: null,
    endsAt: null,
    usageLimit,
    usageLimitPerCustomer: null,
    active: true,
  })) as { id: string }
  return id
}

let priced = 0

/** Puts a product with one variant on sale. @returns the variant's id */
export async function sell(staff: Staff, market: string, handle: string, units: number): Promise<string> {
  const product = (await insist(staff, 'POST', '/api/admin/products', {
    handle,
    title: `Goods ${handle}`,
    status: 'active',
    variants: [{ sku: handle.toUpperCase(), grams: 400, requiresShipping: true, taxable: true }],
  })) as { id: string; variants: { id: string }[] }
  const variantId = product.variants[0]?.id ?? ''
  // Prices at which a tenth off and the tax leave remainders.
  const amount = 1_499 + 137 * priced++
  await insist(staff, 'PUT', '/api/admin/prices', {
    productId: product.id,
    prices: [{ variantId, market, amount, compareAtAmount: null }],
  })
  const { items } = (await insist(staff, 'GET', '/api/admin/locations')) as { items: { id: string }[] }
  await insist(staff, 'PUT', '/api/admin/inventory/levels', { variantId, locationId: items[0]?.id, onHand: units })
  return variantId
}

const attemptsAtMost = 20
const pauseMs = 1_000

async function insist(staff: Staff, method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown> {
  const key = randomUUID()
  for (let attempt = 1; ; attempt++) {
    const answer = await staff.send(method, path, body, key)
    const { status, text } = answer
    if (status >= 200 && status <= 299) return JSON.parse(text)
    if (!isUndecided(answer) || attempt === attemptsAtMost)
      throw new Error(`chaos: ${method} ${path}: ${status} ${text}`)
    await pause(pauseMs)
  }
}
