import { type Random, randomOf } from './random.ts'

/** What may go wrong in a run, each by itself. Shrinking leaves out whatever the failure does not need. */
export const faultKinds = [
  /** Statements, calls and answers that take seconds, and so come in another order, or after their time. */
  'delays',
  /** Calls between processes that are lost, or whose answer is. */
  'lost-calls',
  /** Processes that die between any two awaits and come back later. */
  'crashes',
  /** A provider that does not answer: before it did something, or after. */
  'silent-provider',
  /** Callbacks that are lost, come twice, late, and in any order. */
  'odd-callbacks',
  /** Clocks of processes that are wrong, and leap. */
  'clocks',
  /** Requests that are turned away at the door, as by a shop that is full. */
  'turned-away',
] as const
export type FaultKind = (typeof faultKinds)[number]

export type Buyer = {
  readonly kind: 'buyer'
  readonly name: string
  readonly startsMs: number
  readonly lines: readonly { readonly variant: number; readonly quantity: number }[]
  readonly coupon: boolean
  /** Gift cards that pay first, by their number; others may have the same. */
  readonly giftCards: readonly number[]
  readonly token: Token
  /** What the shopper does beside asking once and asking again until there is an answer. */
  readonly habit: 'patient' | 'double-click' | 'other-key' | 'changes-cart'
}
/** Cards: one that pays, one that is declined, one that asks its holder, and one whose bank takes its time. */
export const tokens = ['tok_ok', 'tok_declined', 'tok_3ds', 'tok_slow'] as const
export type Token = (typeof tokens)[number]

export type Staff = {
  readonly kind: 'staff'
  readonly name: string
  readonly startsMs: number
  /** Whose order it is about. */
  readonly buyer: string
  readonly does: 'cancel' | 'capture' | 'fulfill' | 'fulfill-part' | 'refund' | 'refund-part'
  /** Asks the provider meanwhile, again and again, how the payment stands. */
  readonly watches: boolean
}

/** All that a run is made of. The seed decides the rest. */
export type Scenario = {
  readonly seed: number
  /** Whether services that call each other live in one process, or each call goes to any process over the network. */
  readonly together: boolean
  readonly capture: 'at-once' | 'on-fulfillment'
  readonly stock: readonly number[]
  readonly couponLimit: number
  /** What is on each gift card at first, in cents. */
  readonly giftCards: readonly number[]
  readonly actors: readonly (Buyer | Staff)[]
  readonly faults: readonly FaultKind[]
  /** The step after which nothing goes wrong any more; null when that is left to the seed. */
  readonly calmAfterStep: number | null
}

/** Goods cost this, in cents, by their number. */
export const prices = [1_999, 4_950, 700] as const

const cardNumbers = [0, 1] as const

/** Half of all buyers pay at once; the rest find every other way. */
const cards: readonly Token[] = ['tok_ok', 'tok_ok', 'tok_ok', 'tok_3ds', 'tok_slow', 'tok_declined']
const habits: readonly Buyer['habit'][] = ['patient', 'patient', 'double-click', 'other-key', 'changes-cart']
const duties: readonly Staff['does'][] = [
  'cancel',
  'cancel',
  'capture',
  'fulfill',
  'fulfill-part',
  'refund',
  'refund-part',
]

export function scenarioOf(seed: number): Scenario {
  const random = randomOf(seed)
  const buyers = Array.from({ length: random.between(2, 4, 'buyers') }, (_, index) => buyerOf(random, index + 1))
  const staff = Array.from({ length: random.between(0, 3, 'staff') }, (_, index) => staffOf(random, index + 1, buyers))
  return {
    seed,
    together: random.happens(0.5, 'together'),
    capture: random.pick(['at-once', 'on-fulfillment'] as const, 'capture'),
    stock: prices.map((_, index) => random.between(1, 4, `stock ${index}`)),
    couponLimit: random.between(1, 2, 'coupon limit'),
    // From less than shipping to more than any order.
    giftCards: cardNumbers.map((card) => random.pick([300, 2_000, 6_000, 20_000], `gift card ${card}`)),
    actors: [...buyers, ...staff],
    // Not everything at once: what always goes wrong hides what only then can happen.
    faults: faultKinds.filter((kind) => random.happens(0.55, `fault ${kind}`)),
    calmAfterStep: null,
  }
}

function buyerOf(random: Random, number: number): Buyer {
  const name = `buyer ${number}`
  const variants = prices
    .map((_, variant) => variant)
    .filter((variant) => random.happens(0.5, `${name} wants ${variant}`))
  return {
    kind: 'buyer',
    name,
    startsMs: random.between(0, 3_000, `${name} starts`),
    lines: (variants.length > 0 ? variants : [0]).map((variant) => ({
      variant,
      quantity: random.between(1, 2, `${name} wants so many of ${variant}`),
    })),
    coupon: random.happens(0.4, `${name} has a coupon`),
    giftCards: cardNumbers.filter((card) => random.happens(0.3, `${name} has gift card ${card}`)),
    token: random.pick(cards, `${name} pays`),
    habit: random.pick(habits, `${name} is`),
  }
}

function staffOf(random: Random, number: number, buyers: readonly Buyer[]): Staff {
  const name = `staff ${number}`
  return {
    kind: 'staff',
    name,
    startsMs: random.between(500, 60_000, `${name} starts`),
    buyer: random.pick(buyers, `${name} looks after`).name,
    does: random.pick(duties, `${name} does`),
    watches: random.happens(0.6, `${name} watches`),
  }
}
