import type { cart } from '#contracts/cart'
import { inventory } from '#contracts/inventory'
import { orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import { type Actor, serviceCall, withCall } from '#kernel/call'
import { createClient, type Mesh } from '#kernel/client'
import type { Accepted, Operation, Outcome, Output, Refused } from '#kernel/contract'
import { newCapability, newId } from '#kernel/id'
import { ProblemError } from '#kernel/problem'
import { type Ask, NoAnswer } from '#kernel/remote-mesh'
import type { Snapshot } from './process.ts'
import type { Random } from './random.ts'
import { type Buyer, prices, type Scenario, type Staff } from './scenario.ts'
import { outside, type Timeline, within } from './timeline.ts'
import type { Trace } from './trace.ts'

type Checkout = Outcome<(typeof orders.operations)['checkout']>

/** What a client was told, in the order of answers: whatever it says has to be true at the end. */
export type Acknowledged = {
  readonly buyer: string
  readonly cartId: string
  readonly key: string
  readonly answer: Checkout
}

/** A shopper's cart as it stands now. */
type SimulatedCart = {
  readonly id: string
  version: number
  lines: Buyer['lines']
  readonly coupon: boolean
  giftCards: Buyer['giftCards']
  email: string
}

export type Crowd = {
  readonly cartOf: Snapshot
  /** Puts goods, prices, the coupon and gift cards into the shop. */
  open(): Promise<void>
  /** Lets everybody act. @returns when all of them have done what they came for */
  act(): Promise<void>
  readonly acknowledged: readonly Acknowledged[]
  readonly cartIds: ReadonlyMap<string, string>
  /** In the order of the scenario. */
  readonly giftCardIds: readonly string[]
  readonly clients: ReturnType<typeof clientsOf>
}

const shopper: Actor = { kind: 'anonymous' }
const staffMember: Actor = { kind: 'staff', staffId: 'staff', sessionId: 'session', permissions: [] }
const couponCode = 'SPRING'
const variantIds = prices.map((_, index) => `variant-${index}`)

/** How often somebody asks again before he gives up, and how long he waits between. */
const triesAtMost = 5
const waitBetweenMs = [1_000, 8_000] as const
/** So soon that the first request has not come far. */
const atOnceMs = 30
/** How often somebody looks who watches: as long as an operation takes, as a rule. */
const looks = 12

/**
 * Shoppers and staff. They ask over the same network as services do, ask again with the same key when they hear nothing, and
 * keep what they were told.
 * @param orderOf the newest order of a cart, as somebody finds who looks at the shop's list
 */
export function gatherCrowd(options: {
  readonly scenario: Scenario
  readonly timeline: Timeline
  readonly trace: Trace
  readonly random: Random
  readonly post: Ask
  readonly orderOf: (cartId: string) => Promise<string | null>
}): Crowd {
  const { scenario, timeline, trace, random } = options
  const carts = new Map<string, SimulatedCart>()
  const acknowledged: Acknowledged[] = []
  const clients = clientsOf(options.post)
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => timeline.after(ms, () => resolve(), { life: outside }))

  /** Asks until there is an answer, always with the same key. @returns null when there never was one */
  const insist = async <O extends Accepted<unknown> | Refused>(
    who: string,
    actor: Actor,
    ask: () => Promise<O>,
  ): Promise<O | null> => {
    for (let turn = 1; turn <= triesAtMost; turn++) {
      try {
        return await withCall({ ...serviceCall('edge', { timeoutMs: 40_000 }), actor }, ask)
      } catch (error) {
        if (!(error instanceof NoAnswer || error instanceof ProblemError)) throw error
        trace.add(outside, who, error.message)
        await sleep(random.between(...waitBetweenMs, `${who} waits before turn ${turn + 1} at ${timeline.now()}`))
      }
    }
    return null
  }

  const checkOut = async (buyer: Buyer, goods: SimulatedCart, key: string, token: string): Promise<Checkout | null> => {
    const request = { cartId: goods.id, payment: { provider: 'sandbox', token } }
    const answer = await insist(buyer.name, shopper, () => clients.orders.checkout(request, { key }))
    if (!answer) return null
    acknowledged.push({ buyer: buyer.name, cartId: goods.id, key, answer })
    trace.add(
      outside,
      `${buyer.name} is told`,
      answer.ok ? `${answer.value.order.id} ${answer.value.order.status}` : answer.refusal.type,
    )
    return answer
  }

  /** Comes back from the provider's page, sooner or later or not at all. */
  const comeBack = async (buyer: Buyer, answer: Checkout | null): Promise<void> => {
    if (!answer?.ok || answer.value.order.status !== 'awaiting_payment') return
    if (!random.happens(0.6, `${buyer.name} comes back`)) return
    await sleep(random.between(2_000, 60_000, `${buyer.name} comes back after`))
    const { id: orderId, token } = answer.value.order
    await insist(buyer.name, shopper, () => clients.orders.resume({ orderId, token }))
  }

  const shop = async (buyer: Buyer): Promise<void> => {
    const goods: SimulatedCart = {
      id: newCapability('cart'),
      version: 1,
      lines: buyer.lines,
      coupon: buyer.coupon,
      giftCards: buyer.giftCards,
      email: `${buyer.name.replace(' ', '-')}@shop.example`,
    }
    carts.set(goods.id, goods)
    cartIds.set(buyer.name, goods.id)
    await sleep(buyer.startsMs)
    const key = newId('key')
    const first = checkOut(buyer, goods, key, buyer.token)
    const alsoMs = random.between(0, 6_000, `${buyer.name} does something else after`)
    if (buyer.habit === 'double-click') {
      await sleep(alsoMs % 200)
      await checkOut(buyer, goods, key, buyer.token)
    }
    if (buyer.habit === 'other-key') {
      // In two tabs, as a rule at once.
      await sleep(alsoMs < 4_000 ? alsoMs % atOnceMs : alsoMs)
      await checkOut(buyer, goods, newId('key'), buyer.token)
    }
    if (buyer.habit === 'changes-cart') {
      await sleep(alsoMs * 3)
      goods.version += 1
      goods.lines = [{ variant: 0, quantity: 1 }]
      await comeBack(buyer, await checkOut(buyer, goods, newId('key'), 'tok_ok'))
    }
    const answer = await first
    await comeBack(buyer, answer)
    // Another card, or whatever is left.
    if (answer && !answer.ok && random.happens(0.6, `${buyer.name} tries again`)) {
      if (answer.refusal.type === 'inventory/insufficient-stock') {
        goods.version += 1
        goods.lines = goods.lines.slice(0, 1).map((line) => ({ ...line, quantity: 1 }))
      }
      if (answer.refusal.type === 'payments/gift-card-short') {
        goods.version += 1
        goods.giftCards = []
      }
      await comeBack(buyer, await checkOut(buyer, goods, newId('key'), 'tok_ok'))
    }
  }

  const watch = async (who: string, orderId: string): Promise<void> => {
    for (let look = 1; look <= looks; look++) {
      await insist(`${who} looks`, staffMember, () => clients.payments.askProvider({ orderId }))
      await sleep(random.between(0, 4, `${who} looks again after look ${look}`))
    }
  }

  const work = async (staff: Staff): Promise<void> => {
    await sleep(staff.startsMs)
    const cartId = cartIds.get(staff.buyer)
    const orderId = cartId === undefined ? null : await options.orderOf(cartId)
    if (orderId === null) return
    const key = newId('key')
    const watching = staff.watches ? watch(staff.name, orderId) : null
    const ask = requestOf(clients, staff.does, orderId, key)
    const outcome = await insist(staff.name, staffMember, ask)
    await watching
    trace.add(
      outside,
      `${staff.name}: ${staff.does} (${orderId})`,
      !outcome ? 'no answer' : outcome.ok ? 'done' : outcome.refusal.type,
    )
  }

  const cartIds = new Map<string, string>()
  const giftCardIds: string[] = []
  return {
    acknowledged,
    cartIds,
    clients,
    giftCardIds,
    cartOf: ({ cartId }) => viewOf(carts.get(cartId), cartId, giftCardIds),
    open: () =>
      within(outside, async () => {
        await stockUp(clients, scenario)
        for (const amount of scenario.giftCards) giftCardIds.push(await issueGiftCard(clients, amount))
      }),
    async act() {
      await within(outside, () =>
        Promise.all(scenario.actors.map((actor) => (actor.kind === 'buyer' ? shop(actor) : work(actor)))),
      )
    },
  }
}

function clientsOf(post: Ask) {
  // Shoppers' browsers and staff's do not ask again by themselves; the people do.
  const mesh: Mesh = (contract, operation, input, call) =>
    post<Outcome<Operation>>(contract.name, `/call/${contract.name}/${operation}`, call, {
      input,
      call,
      leftMs: call.deadline - Date.now(),
    })
  return {
    orders: createClient(orders, 'edge', mesh),
    payments: createClient(payments, 'edge', mesh),
    inventory: createClient(inventory, 'edge', mesh),
    pricing: createClient(pricing, 'edge', mesh),
  }
}

function requestOf(
  { orders: client }: ReturnType<typeof clientsOf>,
  does: Staff['does'],
  orderId: string,
  key: string,
) {
  const part = { amount: 100, currency: 'EUR' }
  switch (does) {
    case 'cancel':
      return () => client.cancel({ orderId, reason: 'Simulated.' }, { key })
    case 'capture':
      return () => client.capture({ orderId }, { key })
    case 'fulfill':
      return () => client.fulfill({ orderId }, { key })
    case 'fulfill-part':
      return async () => {
        const order = await client.adminOrder({ orderId })
        const line = order.ok ? order.value.lines[0] : undefined
        return client.fulfill({ orderId, ...(line ? { lines: [{ lineId: line.id, quantity: 1 }] } : {}) }, { key })
      }
    case 'refund':
      return () => client.refund({ orderId, reason: 'Simulated.' }, { key })
    case 'refund-part':
      return () => client.refund({ orderId, amount: part, reason: 'Simulated.' }, { key })
  }
}

async function stockUp(clients: ReturnType<typeof clientsOf>, { stock, couponLimit }: Scenario): Promise<void> {
  const levels = variantIds.map((variantId, index) => ({ variantId, locationId: null, onHand: stock[index] ?? 0 }))
  const priced = variantIds.map((variantId, index) => ({
    variantId,
    market: 'eu',
    amount: prices[index] ?? 0,
    compareAtAmount: null,
  }))
  await clients.inventory.setLevels({ levels, reason: 'count' })
  await clients.pricing.setPrices({ productId: 'product', prices: priced })
  await clients.pricing.createPromotion({
    label: 'Spring',
    code: couponCode,
    kind: 'percentage',
    rate: 100_000,
    amounts: {},
    minimums: {},
    categories: [],
    startsAt: null,
    endsAt: null,
    usageLimit: couponLimit,
    usageLimitPerCustomer: null,
    active: true,
  })
}

async function issueGiftCard({ payments: client }: ReturnType<typeof clientsOf>, amount: number): Promise<string> {
  const issued = await withCall({ ...serviceCall('edge', { timeoutMs: 40_000 }), actor: staffMember }, () =>
    client.issueGiftCard({ amount: { amount, currency: 'EUR' } }, { key: newId('key') }),
  )
  if (!issued.ok) throw new Error('simulation: no gift card was issued')
  return issued.value.id
}

const address = { name: 'Ada', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

type CartOutput = ReturnType<Snapshot>
type Variant = Output<(typeof cart.operations)['snapshot']>['variants'][number]

function viewOf(goods: SimulatedCart | undefined, cartId: string, giftCardIds: readonly string[]): CartOutput {
  if (!goods) throw new Error(`simulation: nobody has the cart ${cartId}`)
  const zero = { amount: 0, currency: 'EUR' }
  const money = { unitPrice: zero, compareAtPrice: null, subtotal: zero, discount: zero, tax: zero, total: zero }
  return {
    id: goods.id,
    market: 'eu',
    currency: 'EUR',
    taxIncluded: true,
    email: goods.email,
    shippingAddress: address,
    billingAddress: null,
    shippingMethod: 'standard',
    requiresShipping: true,
    lines: goods.lines.map(({ variant, quantity }) => ({
      ...money,
      ...facts(variant),
      id: `line-${variant}`,
      quantity,
      sold: true,
      short: false,
    })),
    coupons: goods.coupon ? [{ code: couponCode, applied: true, reason: null }] : [],
    discounts: [],
    // What they pay is known once it is priced, and so is what is due.
    giftCards: goods.giftCards.map((card) => ({ id: giftCardIds[card] ?? '', last4: `000${card}`, amount: zero })),
    due: zero,
    totals: { items: zero, discount: zero, shipping: zero, tax: zero, total: zero },
    missing: [],
    orderId: null,
    version: goods.version,
    updatedAt: '2031-01-15T12:00:00Z',
    variants: goods.lines.map(({ variant }) => variantOf(variant)),
  }
}

const facts = (variant: number) => ({
  variantId: variantIds[variant] ?? '',
  productId: 'product',
  handle: 'goods',
  title: `Goods ${variant}`,
  variantTitle: '',
  sku: null,
  imageUrl: null,
})

const variantOf = (variant: number): Variant => ({
  ...facts(variant),
  options: {},
  categories: [],
  grams: 100,
  requiresShipping: true,
  taxable: true,
  taxCode: null,
  inventoryPolicy: 'deny',
  inventoryTracked: true,
  active: true,
})
