import type { orders } from '#contracts/orders'
import type { DeepReadonly, Outcome } from '#kernel/contract'
import type { InvariantCheck } from '#kernel/invariants'
import type { ProviderPayment } from '../../providers/payments/port.ts'
import type { Acknowledged, Crowd } from './actors.ts'
import type { Bank } from './bank.ts'
import type { SimulatedPostgres } from './postgres.ts'
import type { Scenario } from './scenario.ts'
import { outside, type Timeline, within } from './timeline.ts'

/** Something that does not hold. `check` is the same for all that breaks the same promise. */
export type Found = { readonly check: string; readonly detail: string }

type OrderFacts = {
  readonly id: string
  readonly cart_id: string
  readonly state: string
  readonly total: number
  /** Of the total, what gift cards pay: each card its part. */
  readonly gift_card_amount: number
  readonly gift_cards: readonly { readonly id: string; readonly amount: number }[]
  readonly refunded: number
  readonly settled: boolean
  readonly placed_events: number
  readonly was_placed: boolean
}
/** What a gift card paid for an order, and got back. */
type UseFacts = {
  readonly order_id: string
  readonly gift_card_id: string
  readonly amount: number
  readonly refunded: number
}
type PaymentFacts = {
  readonly attempt_key: string
  readonly order_id: string
  readonly status: string
  readonly authorized: number
  readonly captured: number
  readonly refunded: number
}

const isPlaced = ({ state }: OrderFacts): boolean => state === 'placed' || state === 'fulfilled'

/**
 * Looks at a shop in which nothing is left to be done: the services' own invariants, what clients were told, the provider's
 * books, and that nothing waits for ever.
 */
export async function findBroken(ended: {
  readonly postgres: SimulatedPostgres
  readonly scenario: Scenario
  readonly crowd: Crowd
  readonly bank: Bank
  readonly timeline: Timeline
}): Promise<Found[]> {
  const { postgres, scenario, crowd, bank } = ended
  const { rows: orders } = await postgres.owner.query<OrderFacts>(`
    select id, cart_id, state, total::float8 as total, gift_card_amount::float8 as gift_card_amount, gift_cards, refunded::float8 as refunded, placed_at is not null as was_placed,
      settled_at is not null or state = 'fulfilled' as settled,
      (select count(*)::int from orders.outbox e where e.subject = o.id and e.type = 'order.placed') as placed_events
    from orders.orders o order by id`)
  const { rows: payments } = await postgres.owner.query<PaymentFacts>(`
    select attempt_key, order_id, status, authorized::float8 as authorized, captured::float8 as captured,
           refunded::float8 as refunded
    from payments.payments order by id`)
  const { rows: uses } = await postgres.owner.query<UseFacts>(`
    select order_id, gift_card_id, amount::float8 as amount, refunded::float8 as refunded
    from payments.gift_card_uses where not undone order by order_id, position`)
  return [
    ...(await verifyAll(ended)),
    ...(await lostEvents(postgres)),
    ...(await repeatedEvents(postgres)),
    ...(await unfinished(postgres, orders)),
    ...misbooked(payments, bank.all()),
    ...orders.flatMap((order) => wronglyCharged(order, bank.all())),
    ...orders.flatMap((order) => [...wronglyTold(order), ...wronglyRefunded(order, payments, uses)]),
    ...orders.flatMap((order) => wronglyPaidByCards(order, uses)),
    ...(await wronglyLeftOnCards(ended, orders, uses)),
    ...brokenWords(scenario, crowd.acknowledged, orders),
  ]
}

type Verified = Outcome<(typeof orders.operations)['verify']>

/** What `stoa verify` asks each service. */
async function verifyAll({ crowd, timeline }: Parameters<typeof findBroken>[0]): Promise<Found[]> {
  const checks: DeepReadonly<InvariantCheck>[] = []
  let isDone = false
  const { orders, payments, inventory, pricing } = crowd.clients
  const askAll = async (): Promise<void> => {
    for (const client of [orders, payments, inventory, pricing]) {
      let cursor: string | null = null
      do {
        const asked: Verified = await client.verify(cursor === null ? {} : { cursor })
        if (!asked.ok) throw new Error('simulation: a service refused to be verified')
        checks.push(...asked.value.checks)
        cursor = asked.value.nextCursor
      } while (cursor !== null)
    }
    isDone = true
  }
  const asking = within(outside, askAll)
  await timeline.run(() => isDone)
  await asking
  return checks.flatMap(({ invariant, what, violations }) =>
    violations.map((detail) => ({ check: `${invariant} ${what}`, detail })),
  )
}

/** I6: what is delivered took effect, and nothing was given up. */
async function lostEvents(postgres: SimulatedPostgres): Promise<Found[]> {
  const of = (publisher: string): string => `
    select event_id, subscriber from ${publisher}.outbox_deliveries d where delivered_at is not null and not exists (
      select 1 from orders.inbox i where i.event_id = d.event_id and d.subscriber = 'orders'
      union all select 1 from inventory.inbox i where i.event_id = d.event_id and d.subscriber = 'inventory')
    union all select event_id, subscriber from ${publisher}.dead_letters`
  const { rows } = await postgres.owner.query<{ event_id: string; subscriber: string }>({
    name: 'lost-events',
    text: ['orders', 'payments', 'inventory'].map(of).join(' union all '),
  })
  return rows.map(({ event_id, subscriber }) => ({
    check: 'I6 every event takes effect',
    detail: `${event_id} in ${subscriber}`,
  }))
}

/** I6: an order's time line tells each thing that payments told once, and as much left the shelf as was sent. */
async function repeatedEvents(postgres: SimulatedPostgres): Promise<Found[]> {
  const { rows } = await postgres.owner.query<{
    id: string
    told: number
    heard: number
    sent: number
    shipped: number
  }>({
    name: 'repeated-events',
    text: `
      select * from (
        select id, units_fulfilled as sent,
          (select count(*)::int from payments.outbox e where e.data->>'orderId' = o.id) as told,
          (select count(*)::int from orders.order_history h where h.order_id = o.id
            and (kind like 'payment-%' or kind = 'refunded')) as heard,
          (select coalesce(-sum(quantity), 0)::int from inventory.movements m where m.order_id = o.id) as shipped
        from orders.orders o) as one
      where told <> heard or sent <> shipped`,
  })
  return rows.map(({ id, told, heard, sent, shipped }) => ({
    check: 'I6 every event takes effect once',
    detail: `${id} was told ${told} things of its payment and heard ${heard}; ${sent} units were sent and ${shipped} left`,
  }))
}

/** Nothing may wait for ever. */
async function unfinished(postgres: SimulatedPostgres, orders: readonly OrderFacts[]): Promise<Found[]> {
  const { rows } = await postgres.owner.query<{ what: string; which: string }>(`
    select 'a payment is undecided' as what, id as which from payments.payments where status in ('processing', 'requires_action')
    union all select 'a money operation is undecided', id from payments.payment_operations where status = 'pending'
    union all select 'stock is held for nobody', order_id from inventory.holds where state = 'held'
    union all select 'an event is not delivered', event_id::text from (
      select event_id from orders.outbox_deliveries where delivered_at is null
      union all select event_id from payments.outbox_deliveries where delivered_at is null
      union all select event_id from inventory.outbox_deliveries where delivered_at is null) as one
    union all select 'a key is unanswered', key from orders.idempotency_keys where outcome is null and scope like 'checkout %'`)
  const open = orders
    .filter(({ settled }) => !settled)
    .map(({ id, state }) => ({ what: `an order is ${state}`, which: id }))
  return [...rows, ...open].map(({ what, which }) => ({ check: `nothing waits for ever: ${what}`, detail: which }))
}

/** The shop's books and the provider's say the same of each attempt. */
function misbooked(payments: readonly PaymentFacts[], booked: readonly ProviderPayment[]): Found[] {
  const check = 'I2 our books are the provider’s'
  const found: Found[] = []
  for (const theirs of booked) {
    const ours = payments.find(({ attempt_key }) => attempt_key === theirs.attemptKey)
    const figures = [theirs.captured.amount, theirs.refunded.amount]
    const live = theirs.status === 'authorized' || theirs.status === 'captured'
    if (!ours) {
      if (live) found.push({ check, detail: `${theirs.attemptKey} is ${theirs.status} there and unknown here` })
      continue
    }
    const agree = ours.captured === figures[0] && ours.refunded === figures[1]
    const sameLife = live === (ours.status === 'authorized' || ours.status === 'captured')
    if (!agree || !sameLife) {
      const here = `${ours.status}, ${ours.captured} captured, ${ours.refunded} refunded`
      found.push({ check, detail: `${theirs.attemptKey}: ${here} here; ${theirs.status}, ${figures.join(', ')} there` })
    }
  }
  for (const ours of payments) {
    const holds = ours.status === 'authorized' || ours.status === 'captured'
    if (holds && !booked.some(({ attemptKey }) => attemptKey === ours.attempt_key))
      found.push({ check, detail: `${ours.attempt_key} is ${ours.status} here and unknown there` })
  }
  return found
}

/** An order that lives has exactly one charge that the provider knows, of what gift cards leave due; one that came to nothing has none. */
function wronglyCharged(order: OrderFacts, booked: readonly ProviderPayment[]): Found[] {
  const check = 'I2 the provider charged each order that lives once, and no other'
  const live = booked.filter(
    ({ orderId, status }) => orderId === order.id && (status === 'authorized' || status === 'captured'),
  )
  const kept = live.filter(
    ({ status, captured, refunded }) => status === 'authorized' || captured.amount > refunded.amount,
  )
  if (live.length > 1) return [{ check, detail: `${order.id} is charged ${live.length} times` }]
  const charged = live[0]?.authorized.amount ?? 0
  const due = order.total - order.gift_card_amount
  if (isPlaced(order) && charged !== due)
    return [{ check, detail: `${order.id} is ${order.state}, and of ${due} due ${charged} is charged` }]
  if (!isPlaced(order) && kept.length > 0) return [{ check, detail: `${order.id} is ${order.state} and charged` }]
  return []
}

function wronglyTold(order: OrderFacts): Found[] {
  const check = 'an order is told to be placed once, when it is'
  const expected = order.was_placed ? 1 : 0
  return order.placed_events === expected
    ? []
    : [{ check, detail: `${order.id} is ${order.state} and was told ${order.placed_events} times` }]
}

/** What an order heard of its refunds is what payments gave back. */
function wronglyRefunded(
  { id, refunded }: OrderFacts,
  payments: readonly PaymentFacts[],
  uses: readonly UseFacts[],
): Found[] {
  const given = [...payments, ...uses].reduce((sum, one) => (one.order_id === id ? sum + one.refunded : sum), 0)
  if (given === refunded) return []
  return [
    {
      check: 'I6 an order hears of each refund once',
      detail: `${id} heard of ${refunded}, and ${given} was given back`,
    },
  ]
}

/** Gift cards paid their part of an order that lives, and got all of it back of one that came to nothing. */
function wronglyPaidByCards(order: OrderFacts, uses: readonly UseFacts[]): Found[] {
  const its = uses.filter(({ order_id }) => order_id === order.id)
  const paid = its.reduce((sum, { amount, refunded }) => sum + amount - (isPlaced(order) ? 0 : refunded), 0)
  const expected = isPlaced(order) ? order.gift_card_amount : 0
  if (paid === expected) return []
  return [
    {
      check: 'I7 gift cards pay for orders that live, and no others',
      detail: `${order.id} is ${order.state}, and gift cards paid ${paid} of ${expected}`,
    },
  ]
}

/** On a gift card is what it was issued with, less its parts of orders that live, and what went back to it. */
async function wronglyLeftOnCards(
  { postgres, scenario, crowd }: Parameters<typeof findBroken>[0],
  orders: readonly OrderFacts[],
  uses: readonly UseFacts[],
): Promise<Found[]> {
  const { rows } = await postgres.owner.query<{ id: string; balance: number }>(
    'select id, balance::float8 as balance from payments.gift_cards',
  )
  return crowd.giftCardIds.flatMap((id, number) => {
    const sold = orders.filter(isPlaced).flatMap((order) => order.gift_cards.filter((part) => part.id === id))
    const spent = sold.reduce((sum, { amount }) => sum + amount, 0)
    const alive = new Set(orders.filter(isPlaced).map((order) => order.id))
    const back = uses.filter((use) => use.gift_card_id === id && alive.has(use.order_id))
    const expected = back.reduce((sum, { refunded }) => sum + refunded, (scenario.giftCards[number] ?? 0) - spent)
    const balance = rows.find((row) => row.id === id)?.balance
    if (balance === expected && balance >= 0) return []
    return [{ check: 'I7 a gift card holds what is left of it', detail: `${id} holds ${balance}, not ${expected}` }]
  })
}

/** What a client was told is true for ever. */
function brokenWords(scenario: Scenario, told: readonly Acknowledged[], orders: readonly OrderFacts[]): Found[] {
  const found: Found[] = []
  for (const { buyer, key, answer } of told) {
    const others = told.filter((one) => one.key === key)
    const said = (one: Acknowledged): string => (one.answer.ok ? one.answer.value.order.id : one.answer.refusal.type)
    if (others.some((one) => said(one) !== said({ buyer, cartId: '', key, answer })))
      found.push({ check: 'I9 a key has one answer', detail: `${buyer} was told ${others.map(said).join(' and ')}` })
    if (!answer.ok) continue
    const { id, status } = answer.value.order
    const order = orders.find((one) => one.id === id)
    if (!order) {
      found.push({ check: 'I1 an acknowledged order exists', detail: id })
      continue
    }
    const mayBeCanceled = scenario.actors.some(
      (one) => one.kind === 'staff' && one.does === 'cancel' && one.buyer === buyer,
    )
    if (status === 'placed' && !isPlaced(order) && !(mayBeCanceled && order.state === 'canceled'))
      found.push({ check: 'I1 an order that was placed stays so', detail: `${id} is ${order.state}` })
  }
  return found
}
