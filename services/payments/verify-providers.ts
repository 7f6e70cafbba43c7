import { setTimeout as pause } from 'node:timers/promises'
import { newCheck, type Part } from '#kernel/verify'
import type { ListResult, PaymentProvider, ProviderPayment, Unknown } from '../../providers/payments/port.ts'
import { type Deps, withinDeadline } from './deps.ts'
import { isOver } from './payment.ts'
import { attemptsByKey, type ComparedRow, feesBooked, pageOfAttempts, providersOfPayments } from './verify-store.ts'

/** Attempts of ours a page; each is compared within the time in which they were made. */
const pageSize = 1_000
/** What changed so lately may not have been told to the other side: callbacks take seconds. */
const graceSeconds = 120
/**
 * Clocks differ, and an attempt may reach its provider a while after it was committed here: so far around a page's time the provider's
 * list is looked through, farther only while many of the page are missing. A shop that sells hundreds a second has made as many in ten
 * minutes as a hundred pages have.
 */
const slacksMs = [2_000, 60_000, 600_000]
/** So few are asked for one by one. */
const askedForAtMost = 20
/** A provider that is busy is asked again; one that stays silent is not compared with. */
const asksAtMost = 3
const askAgainMs = 1_000
const dayBefore = '1970-01-01T00:00:00.000Z'

class Silent extends Error {}

/**
 * Compares every attempt with what its provider says, both ways: page after page of ours, and all that the provider made
 * between the last of one page and the last of the next. So neither side is ever held whole, and a charge that nobody here
 * knows is found in its turn.
 */
export const compareWith =
  (deps: Deps, provider: PaymentProvider): Part =>
  async (from) => {
    const what = `payments are what ${provider.name} says: amount, captured, refunded, currency, order and attempt`
    const check = newCheck('I2', what)
    const [after = '', since = dayBefore] = from?.split(' ') ?? []
    const page = await pageOfAttempts(deps.db, { provider: provider.name, after, graceSeconds, limit: pageSize })
    const isLast = page.length < pageSize
    const graceFrom = new Date(Date.now() - graceSeconds * 1_000).toISOString()
    const until = isLast ? graceFrom : latest(since, ...page.map(({ created_at }) => created_at))
    check.judged(page.length)
    try {
      const missing = new Map(page.filter(shouldBeKnown).map((row) => [row.attempt_key, row]))
      for (const [turn, slackMs] of slacksMs.entries()) {
        if (turn > 0 && missing.size <= askedForAtMost) break
        for await (const said of listed(provider, moved(since, -slackMs), moved(until, slackMs))) {
          for (const { attemptKey } of said) missing.delete(attemptKey)
          if (turn > 0) continue
          const judged = said.filter(({ createdAt }) => isAfter(createdAt, since) && !isAfter(createdAt, until))
          for (const sentence of await compare(deps, provider, judged)) check.violated(sentence)
        }
      }
      for (const row of missing.values()) {
        const found = await answered(() => provider.find({ orderId: row.order_id }, withinDeadline(provider)))
        const said = found.payments.find(({ attemptKey }) => attemptKey === row.attempt_key)
        if (!said) check.violated(`${row.id}: ${provider.name} does not know attempt ${row.attempt_key}`)
        else for (const sentence of await compare(deps, provider, [said])) check.violated(sentence)
      }
    } catch (error) {
      if (!(error instanceof Silent)) throw error
      const notCompared = `not compared: ${provider.name} does not answer (${error.message})`
      return { checks: [{ ...check.result(), notCompared }], next: null }
    }
    const next = isLast ? null : `${page.at(-1)?.id} ${until}`
    return { checks: [check.result()], next }
  }

/** Payments with a provider that the shop does not name any more: nobody can say how they stand. */
export const unknownProviders =
  (deps: Deps): Part =>
  async () => {
    const check = newCheck('I2', 'every provider that took part in payments can be asked')
    const names = await providersOfPayments(deps.db)
    check.judged(names.length)
    const unknown = names.filter((name) => !deps.providers.has(name))
    if (unknown.length === 0) return { checks: [check.result()], next: null }
    const notCompared = `not compared: ${unknown.join(', ')}, which stoa.config.ts does not name`
    return { checks: [{ ...check.result(), notCompared }], next: null }
  }

const shouldBeKnown = (row: ComparedRow): boolean => row.settled && row.provider_payment_id !== null

/** Whatever does not agree is looked at twice, at the provider first: it may have changed between one look and the other. */
async function compare(deps: Deps, provider: PaymentProvider, said: readonly ProviderPayment[]): Promise<string[]> {
  const wrong: string[] = []
  const differs = await judgeOf(deps, provider, said)
  for (const payment of said) {
    if (differs(payment) === null) continue
    const { providerPaymentId } = payment
    const again = await answered(() => provider.retrieve({ providerPaymentId }, withinDeadline(provider)))
    if (again.outcome === 'missing') continue
    const sentence = (await judgeOf(deps, provider, [again.payment]))(again.payment)
    if (sentence !== null) wrong.push(sentence)
  }
  return wrong
}

/** Reads what is kept here of payments that a provider told of. @returns tells of one of them how it differs; null when it does not */
async function judgeOf(deps: Deps, provider: PaymentProvider, said: readonly ProviderPayment[]) {
  const keys = said.map(({ attemptKey }) => attemptKey)
  const found = await attemptsByKey(deps.db, { provider: provider.name, keys, graceSeconds })
  const rows = new Map(found.map((row) => [row.attempt_key, row]))
  const withFee = said.flatMap(({ attemptKey, fee }) => (fee ? (rows.get(attemptKey) ?? []) : []))
  const fees = withFee.length === 0 ? null : await feesBooked(deps.db, withFee)
  return (payment: ProviderPayment): string | null => {
    const row = rows.get(payment.attemptKey)
    return difference(payment, row) ?? (row ? feeDifference(payment, row, fees?.get(row.id)) : null)
  }
}

/** What the provider keeps for itself, where it tells. @param booked `99 EUR`; undefined where nothing is */
function feeDifference(said: ProviderPayment, row: ComparedRow, booked: string | undefined): string | null {
  if (!said.fee || !row.settled) return null
  const kept = `${said.fee.amount} ${said.fee.currency}`
  return booked === kept
    ? null
    : `${row.id} (${said.providerPaymentId}): fee is ${booked ?? 'not booked'} here and ${kept} there`
}

/** Where what a provider says differs from what is kept here, in a sentence; null when it does not, or may for now. */
export function difference(said: ProviderPayment, row: ComparedRow | undefined): string | null {
  const { providerPaymentId: id, captured, refunded, amount } = said
  const holds = said.status === 'authorized' || captured.amount > refunded.amount
  if (!row)
    return said.authorized.amount > 0
      ? `${id}: charged ${captured.amount} ${amount.currency} for order ${said.orderId}, attempt ${said.attemptKey}, which is not known here`
      : null
  if (!row.settled) return null
  const pairs = [
    ['order', row.order_id, said.orderId],
    ['provider’s id', row.provider_payment_id ?? id, id],
    ['currency', row.currency, amount.currency],
    ['amount', row.amount, amount.amount],
    ['captured', row.captured, captured.amount],
    ['refunded', row.refunded, refunded.amount],
  ] as const
  const off = pairs.find(([, ours, theirs]) => ours !== theirs)
  if (off) return `${row.id} (${id}): ${off[0]} is ${off[1]} here and ${off[2]} there`
  if (row.status === 'authorized' && said.status !== 'authorized')
    return `${row.id} (${id}): is authorized here and ${said.status} there`
  if (holds && row.status !== 'authorized' && row.status !== 'captured')
    return `${row.id} (${id}): is ${row.status}${isOver(row) ? '' : ' still'} here and ${said.status} there`
  return null
}

/** All payments made at a provider from `since` to `until`, a page at a time. */
async function* listed(
  provider: PaymentProvider,
  since: string,
  until: string,
): AsyncGenerator<readonly ProviderPayment[]> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const request: { since: string; cursor?: string } = { since, ...(cursor === '' ? {} : { cursor }) }
    const page: Exclude<ListResult, Unknown> = await answered(() => provider.list(request, withinDeadline(provider)))
    yield page.items.filter(({ createdAt }) => !isAfter(createdAt, until))
    const last = page.items.at(-1)
    cursor = last && isAfter(last.createdAt, until) ? null : page.nextCursor
  }
}

/** The answer of a provider, which is asked again when nobody knows it. Throws `Silent` when it stays so. */
async function answered<A extends { readonly outcome: string }>(ask: () => Promise<A>): Promise<Exclude<A, Unknown>> {
  for (let turn = 1; ; turn++) {
    const answer = await ask()
    if (answer.outcome !== 'unknown') return answer as Exclude<A, Unknown>
    const { cause, detail } = answer as unknown as Unknown
    if (turn === asksAtMost) throw new Silent(`${cause}: ${detail}`)
    await pause(askAgainMs * turn)
  }
}

const timeOf = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds
const isAfter = (one: string, other: string): boolean => timeOf(one) > timeOf(other)
const latest = (...instants: readonly string[]): string => new Date(Math.max(...instants.map(timeOf))).toISOString()
const moved = (instant: string, ms: number): string => new Date(Math.max(0, timeOf(instant) + ms)).toISOString()
