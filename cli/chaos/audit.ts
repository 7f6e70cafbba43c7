import { setTimeout as pause } from 'node:timers/promises'
import { oneDatabase } from '#kernel/database-address'
import { checkInvariants } from '../verify.ts'
import { checkout } from './buyers.ts'
import type { Finding } from './fault.ts'
import { couponUses, type Goods } from './goods.ts'
import { type Http, isUndecided } from './http.ts'
import type { Journal, Purchase } from './journal.ts'
import type { Provider } from './provider.ts'
import type { ProvingGround } from './proving-ground.ts'

/** As much of a shop as its auditor looks at. */
type AuditedShop = Pick<ProvingGround, 'url' | 'database' | 'databaseUrl' | 'ask'>

export type Audited = {
  readonly ground: AuditedShop
  readonly provider: Provider
  readonly http: Http
  readonly journal: Journal
  readonly goods: Goods
}

/** Longer than an order's lease and an event's longest pause after an outage of half a minute. */
const settleWithinMs = 120_000
const lookEveryMs = 300
/** Requests at once: the auditor is not the load. */
const atOnce = 6

/**
 * Waits until the shop has done what it owes: nobody drives an order, every event has arrived. @returns what is still open when
 * it took too long, or null
 */
export async function settle(
  { ground }: Pick<Audited, 'ground'>,
  options: { untilExpired: boolean },
): Promise<string | null> {
  const deadline = Date.now() + settleWithinMs
  for (;;) {
    const open = await whatIsOpen(ground, options.untilExpired).catch(
      (error: Error) => `the database: ${error.message}`,
    )
    if (open === null || Date.now() > deadline) return open
    await pause(lookEveryMs)
  }
}

async function whatIsOpen({ database }: Pick<AuditedShop, 'database'>, untilExpired: boolean): Promise<string | null> {
  const { rows: schemas } = await database.query<{ schema: string }>(
    `select table_schema as schema from information_schema.tables where table_name = 'outbox_deliveries'`,
  )
  for (const { schema } of schemas) {
    const { rows } = await database.query<{ events: number }>(
      `select count(*)::int as events from ${schema}.outbox_deliveries where delivered_at is null`,
    )
    if (rows[0] && rows[0].events > 0) return `${rows[0].events} events of ${schema} have not arrived`
  }
  const waiting = untilExpired ? `or state = 'awaiting_payment'` : ''
  const { rows } = await database.query<{ orders: number; states: string }>(
    `select count(*)::int as orders, string_agg(distinct state, ', ') as states from orders.orders
     where lease_until > now() or state = 'placing' or (look_at is not null and state <> 'awaiting_payment') ${waiting}`,
  )
  return rows[0] && rows[0].orders > 0 ? `${rows[0].orders} orders are under way (${rows[0].states})` : null
}

/** The invariants as `stoa verify` finds them, then what clients were told and what the provider has in its books. */
export async function audit(audited: Audited, purchases: readonly Purchase[]): Promise<Finding[]> {
  const { ground, journal } = audited
  await decideTheRest(audited, purchases)
  const invariants = await verified(ground)
  return [
    ...invariants,
    await ordersAreThere(audited, purchases),
    await answersAreKept(audited, purchases),
    ...(await booksAgree(audited)),
    await notOversold(audited),
    deedsAreKept(journal, await ordersOf(ground)),
  ]
}

/** A connection that died without a word may still be waiting to be found out, and fails whoever finds it. */
const verifiesAtMost = 4

async function verified(ground: AuditedShop): Promise<Finding[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const checks = await ground.ask((client) => checkInvariants(client, oneDatabase(ground.databaseUrl)))
      // What could not be judged is not known to hold.
      return checks.map(({ invariant, what, checked, violations, notCompared }) => ({
        invariant,
        what,
        checked,
        violations: notCompared === undefined ? violations : [...violations, notCompared],
      }))
    } catch (error) {
      if (attempt === verifiesAtMost) throw error
      await pause(1_000)
    }
  }
}

/** Whoever gave up without an answer asks once more: the key tells what became of it. */
async function decideTheRest({ http, ground, journal }: Audited, purchases: readonly Purchase[]): Promise<void> {
  await side(purchases, async (purchase) => {
    if (purchase.answer) return
    for (let attempt = 1; attempt <= 40; attempt++) {
      const answer = await checkout(http, ground.url, purchase, 'audit')
      if (!isUndecided(answer)) return journal.answer(purchase, answer.status, answer.text)
      await pause(1_000)
    }
  })
}

/** Where an order may be, by what its checkout was answered with. */
export const mayBecome: Readonly<Record<string, readonly string[]>> = {
  placed: ['placed', 'fulfilled', 'canceled'],
  awaiting_payment: ['awaiting_payment', 'placed', 'fulfilled', 'canceled', 'declined', 'expired'],
}

async function ordersAreThere({ http, ground }: Audited, purchases: readonly Purchase[]): Promise<Finding> {
  const violations: string[] = []
  const acknowledged = purchases.flatMap(({ order, lines }) => (order ? [{ order, lines }] : []))
  await side(acknowledged, async ({ order, lines }) => {
    const { status, text } = await http.send(
      'audit',
      'GET',
      `${ground.url}/api/orders/${order.id}?token=${order.token}`,
    )
    if (status !== 200) return void violations.push(`${order.number}: was acknowledged and is answered with ${status}`)
    const found = JSON.parse(text) as { status: string; totals: { total: { amount: number } }; lines: OrderLine[] }
    if (found.totals.total.amount !== order.total)
      violations.push(`${order.number}: total ${order.total} became ${found.totals.total.amount}`)
    if (!mayBecome[order.status]?.includes(found.status))
      violations.push(`${order.number}: was ${order.status} and is ${found.status}`)
    if (unitsOf(found.lines) !== unitsOf(lines)) violations.push(`${order.number}: its lines are others than ordered`)
  })
  return {
    invariant: 'J1',
    what: 'every acknowledged order exists, with that total and those lines',
    checked: acknowledged.length,
    violations,
  }
}

type OrderLine = { readonly variantId: string; readonly quantity: number }

const unitsOf = (lines: readonly OrderLine[]): string =>
  lines
    .map(({ variantId, quantity }) => `${variantId} ${quantity}`)
    .sort()
    .join()

async function answersAreKept({ http, ground }: Audited, purchases: readonly Purchase[]): Promise<Finding> {
  const violations: string[] = []
  const answered = purchases.filter(({ answer }) => answer?.status === 201 || answer?.status === 402)
  await side(answered, async (purchase) => {
    const again = await checkout(http, ground.url, purchase, 'audit')
    const { answer } = purchase
    if (again.status !== answer?.status || withoutTrace(again.text) !== withoutTrace(answer.text))
      violations.push(
        `${purchase.order?.number ?? purchase.cartId}: ${answer?.status} ${answer?.text} became ${again.status} ${again.text}`,
      )
  })
  const undecided = purchases.filter(({ answer }) => answer === null)
  violations.push(...undecided.map(({ cartId }) => `the checkout of ${cartId} is not decided yet`))
  return { invariant: 'J2', what: 'a key asked again gives the same bytes', checked: answered.length, violations }
}

/** A problem names the request that was refused, which is another one each time. */
const withoutTrace = (text: string): string => text.replace(/,"traceId":"[0-9a-f]{32}"/, '')

type KnownOrder = {
  readonly id: string
  readonly number: string
  readonly state: string
  readonly total: number
  readonly settled: boolean
}

export async function ordersOf({ database }: Pick<AuditedShop, 'database'>): Promise<Map<string, KnownOrder>> {
  const { rows } = await database.query<KnownOrder>(
    `select id, number, state, total::float8 as total, settled_at is not null or state = 'fulfilled' as settled from orders.orders`,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** The shop's orders beside the provider's own books, which know nothing of the shop's. */
async function booksAgree({ ground, provider }: Audited): Promise<Finding[]> {
  const [books, orders] = [await provider.books(), await ordersOf(ground)]
  const byOrder = Map.groupBy(books, ({ orderId }) => orderId)
  const twice: string[] = []
  const unlike: string[] = []
  for (const [orderId, payments] of byOrder) {
    const order = orders.get(orderId)
    const charged = payments.filter(({ status }) => status === 'authorized' || status === 'captured')
    if (charged.length > 1) twice.push(`${order?.number ?? orderId}: ${charged.map(({ id }) => id).join(' and ')}`)
    const kept = charged.reduce(
      (sum, { status, authorized, captured, refunded }) =>
        sum + (status === 'authorized' ? authorized.amount : captured.amount - refunded.amount),
      0,
    )
    if (!order) {
      if (charged.length > 0) unlike.push(`${orderId}: money for an order that the shop does not know`)
    } else if (order.settled && !isSold(order) && kept > 0) {
      unlike.push(`${order.number} is ${order.state}, and the provider keeps ${kept}`)
    } else if (order.settled && isSold(order) && charged[0]?.authorized.amount !== order.total) {
      unlike.push(
        `${order.number} costs ${order.total}, and the provider authorized ${charged[0]?.authorized.amount ?? 0}`,
      )
    }
  }
  const unpaid = [...orders.values()].filter(
    (order) => order.settled && isSold(order) && order.total > 0 && !byOrder.has(order.id),
  )
  unlike.push(...unpaid.map(({ number }) => `${number} is sold, and the provider knows nothing of it`))
  return [
    {
      invariant: 'J3',
      what: 'nobody is charged twice, by the provider’s own books',
      checked: byOrder.size,
      violations: twice,
    },
    {
      invariant: 'J3',
      what: 'the provider holds what the orders cost, and nothing for others',
      checked: orders.size,
      violations: unlike,
    },
  ]
}

const isSold = ({ state }: KnownOrder): boolean => state === 'placed' || state === 'fulfilled'

/** Counted from the orders themselves, past the service that keeps the levels. */
async function notOversold({ ground, goods }: Audited): Promise<Finding> {
  const { rows } = await ground.database.query<{ variant_id: string; counted: number; sold: number }>(
    `select l.variant_id, l.counted::float8 as counted, coalesce(s.sold, 0)::float8 as sold
     from (select variant_id, sum(quantity) filter (where kind = 'counted') as counted from inventory.movements group by 1) l
     left join (select variant_id, sum(quantity) as sold from orders.order_lines ol join orders.orders o on o.id = ol.order_id
                where o.state in ('placed', 'fulfilled') group by 1) s using (variant_id)`,
  )
  const { rows: uses } = await ground.database.query<{ orders: number }>(
    `select count(*)::int as orders from orders.orders where state in ('placed', 'fulfilled') and discounts::text like '%' || $1 || '%'`,
    [goods.couponId],
  )
  const violations = rows
    .filter(({ counted, sold }) => sold > counted)
    .map(({ variant_id, counted, sold }) => `${variant_id}: ${sold} sold of ${counted}`)
  if ((uses[0]?.orders ?? 0) > couponUses)
    violations.push(`a coupon for ${couponUses} orders was used for ${uses[0]?.orders}`)
  return {
    invariant: 'J4',
    what: 'nothing is sold beyond its stock, no coupon beyond its limit',
    checked: rows.length + 1,
    violations,
  }
}

function deedsAreKept({ deeds }: Journal, orders: ReadonlyMap<string, KnownOrder>): Finding {
  const becomes = { fulfilled: 'fulfilled', refunded: 'fulfilled', canceled: 'canceled' } as const
  const violations = deeds.flatMap(({ kind, orderId }) => {
    const order = orders.get(orderId)
    return order?.state === becomes[kind]
      ? []
      : [`${order?.number ?? orderId}: staff were told it is ${kind}, and it is ${order?.state}`]
  })
  return { invariant: 'J5', what: 'what staff were told is done is done', checked: deeds.length, violations }
}

/** Does `act` for each, some at a time. */
async function side<V>(items: readonly V[], act: (item: V) => Promise<unknown>): Promise<void> {
  const rest = [...items]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item)
    }),
  )
}
