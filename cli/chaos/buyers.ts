import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Goods } from './goods.ts'
import { type Answer, type Http, isUndecided } from './http.ts'
import type { Journal, Line, Purchase } from './journal.ts'
import type { Random } from './random.ts'

/** What somebody comes for. */
export type Wish = {
  readonly lines: readonly Line[]
  readonly payment: string
  /** A code. */
  readonly coupon: string | null
  /** What the shopper does about a payment that has to be confirmed; one who changes their mind orders the changed cart anew. */
  readonly asked: 'confirms' | 'leaves' | 'changes-mind'
}

export type Buyers = {
  /** Lets buyers come by themselves, so many a second, however slow the shop is. */
  open(): void
  /** Nobody comes any more; whoever is in the shop finishes. */
  close(): void
  /** Waits until everybody has left. */
  gone(): Promise<void>
  /** Somebody comes now. */
  buy(wish: Wish): Promise<Purchase | null>
  /** Two of these come for each buyer, as long as it is set: what there is too little of. */
  scarce: string | null
  /** Everybody who waits before asking again does so at this moment at the earliest: a retry storm. */
  heldUntil: number
  readonly turnedAway: () => number
}

/** How shoppers pay, each in proportion to how often it stands here. */
const payments: readonly string[] = [
  ...Array<string>(12).fill('tok_ok'),
  ...Array<string>(3).fill('tok_3ds'),
  ...Array<string>(2).fill('tok_declined'),
  'tok_processing',
  'tok_timeout_charged',
  'tok_timeout_not_charged',
]
/** More shoppers at once than this are turned away unasked: the load is open, but not without end. */
const insideAtMost = 250
/** A shopper who was told nothing asks again for about a minute and a half. */
const attemptsAtMost = 14
const firstPauseMs = 250
const pauseAtMostMs = 8_000

/** Shoppers who buy in three requests and ask again when nobody answers, with the same key and with jitter. */
export function openBuyers(options: {
  readonly url: string
  readonly http: Http
  readonly journal: Journal
  readonly goods: Goods
  readonly random: Random
  readonly rate: number
}): Buyers {
  const { http, journal, goods, random, rate, url } = options
  const inside = new Set<Promise<unknown>>()
  let isOpen = false
  let turnedAway = 0

  const insist = async (send: () => Promise<Answer>): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await send()
      if (!isUndecided(answer) || attempt === attemptsAtMost) return answer
      const backoffMs = Math.min(firstPauseMs * 2 ** attempt, pauseAtMostMs) * (0.5 + random.next())
      await pause(Math.max(backoffMs, 1_000 * (answer.retryAfter ?? 0), buyers.heldUntil - Date.now()))
    }
  }

  const buyers: Buyers = {
    scarce: null,
    heldUntil: 0,
    turnedAway: () => turnedAway,
    open() {
      if (isOpen) return
      isOpen = true
      void arrivals()
    },
    close() {
      isOpen = false
    },
    async gone() {
      while (inside.size > 0) await Promise.all(inside)
    },
    async buy(wish) {
      const visit = visitShop(wish)
      inside.add(visit)
      return visit.finally(() => inside.delete(visit))
    },
  }

  const arrivals = async (): Promise<void> => {
    while (isOpen) {
      await pause(random.pause(1_000 / rate))
      if (!isOpen) return
      if (inside.size >= insideAtMost) turnedAway += 1
      else void buyers.buy(wishOf(random, goods, buyers.scarce))
    }
  }

  const visitShop = async (wish: Wish): Promise<Purchase | null> => {
    const key = randomUUID()
    const cart = await insist(() => http.send('cart', 'POST', `${url}/api/carts`, { key, body: cartOf(goods, wish) }))
    if (cart.status !== 201) return null
    const cartId = (JSON.parse(cart.text) as { id: string }).id
    const body = { payment: { provider: 'sandbox', token: wish.payment } }
    return order(
      {
        key: randomUUID(),
        cartId,
        lines: wish.lines,
        payment: wish.payment,
        request: JSON.stringify(body),
        beganAt: Date.now(),
      },
      wish,
    )
  }

  const order = async (begun: Omit<Purchase, 'answer' | 'order'>, wish: Wish): Promise<Purchase> => {
    const purchase = journal.begin(begun)
    const answer = await insist(() => checkout(http, url, purchase))
    if (isUndecided(answer)) return purchase
    journal.answer(purchase, answer.status, answer.text)
    if (purchase.order) await afterwards(purchase, wish)
    return purchase
  }

  const afterwards = async (purchase: Purchase, wish: Wish): Promise<void> => {
    const { redirectUrl } = (JSON.parse(purchase.answer?.text ?? '') as { payment: { redirectUrl?: string } }).payment
    if (redirectUrl && wish.asked === 'confirms')
      await http.send('provider', 'POST', redirectUrl, { form: 'decision=approve' })
    await http.send('order', 'GET', `${url}/api/orders/${purchase.order?.id}?token=${purchase.order?.token}`)
    if (redirectUrl && wish.asked === 'changes-mind') await orderAnew(purchase)
  }

  /** The cart gets one more of something: what was ordered before has to be given up first. */
  const orderAnew = async ({ cartId, lines }: Purchase): Promise<void> => {
    const variantId = random.pick(goods.plenty.filter((one) => !lines.some((line) => line.variantId === one)))
    const key = randomUUID()
    const body = { variantId, quantity: 1 }
    const added = await insist(() => http.send('cart', 'POST', `${url}/api/carts/${cartId}/lines`, { key, body }))
    if (added.status !== 200) return
    const request = JSON.stringify({ payment: { provider: 'sandbox', token: 'tok_ok' } })
    const wish: Wish = { lines: [...lines, body], payment: 'tok_ok', coupon: null, asked: 'confirms' }
    await order({ key: randomUUID(), cartId, lines: wish.lines, payment: 'tok_ok', request, beganAt: Date.now() }, wish)
  }
  return buyers
}

/** Sends a purchase's checkout, again as the first time. The auditor's are not counted among the shoppers'. */
export const checkout = (
  http: Http,
  url: string,
  { cartId, key, request }: Purchase,
  what: 'checkout' | 'audit' = 'checkout',
): Promise<Answer> => http.send(what, 'POST', `${url}/api/carts/${cartId}/checkout`, { key, body: JSON.parse(request) })

export function wishOf(random: Random, goods: Goods, scarce: string | null): Wish {
  const lines = new Map<string, number>()
  for (let count = 1 + random.below(3); count > 0; count--) lines.set(random.pick(goods.plenty), 1 + random.below(3))
  if (scarce && random.chance(0.3)) lines.set(scarce, 1 + random.below(2))
  return {
    lines: [...lines].map(([variantId, quantity]) => ({ variantId, quantity })),
    payment: random.pick(payments),
    coupon: random.chance(0.15) ? goods.coupon : null,
    asked: random.pick(['confirms', 'confirms', 'leaves', 'changes-mind'] as const),
  }
}

function cartOf(goods: Goods, wish: Wish) {
  return {
    market: goods.market,
    lines: wish.lines,
    email: `${randomUUID().slice(0, 8)}@example.com`,
    ...(wish.coupon === null ? {} : { couponCodes: [wish.coupon] }),
    shippingAddress: {
      name: 'Ada Lovelace',
      line1: 'Invalidenstraße 1',
      city: 'Berlin',
      postalCode: '10115',
      country: goods.country,
    },
  }
}
