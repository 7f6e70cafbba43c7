import type { FindResult, RetrieveResult } from '../../providers/payments/port.ts'
import { askForMoney } from './authorize.ts'
import { type Deps, providerOf, whoAsked, withinDeadline } from './deps.ts'
import { claimOperation, tryOperation } from './operations.ts'
import { type Failure, isOver, isUnsettled, leftOnCards, type OperationRow, type PaymentRow } from './payment.ts'
import { ended, learn } from './payment-state.ts'
import { believed, record } from './record.ts'
import * as store from './store.ts'

type Known = store.OrderMoney & { readonly payment: PaymentRow }

/**
 * What to do next about an order's money. A table rather than a script: whoever takes it up, wherever it was left, does the
 * same thing next.
 * - `ask`: find out from the provider how the attempt stands;
 * - `finish`: repeat an operation whose outcome nobody knows;
 * - `abandon`: make sure that an attempt of a canceled order, or one that never arrived, can no longer take money;
 * - `void`, `refund`: give back what a canceled order holds;
 * - `wait`: for the shopper, a bank, or whoever began the operation in flight;
 * - `done`: nothing is open.
 */
type Step = 'ask' | 'finish' | 'abandon' | 'void' | 'refund' | 'wait' | 'done'

export function nextStep({ order, payment, uses, pending }: store.OrderMoney, asked: boolean): Step {
  const onCards = order.canceled === 'all' && leftOnCards(uses) > 0
  if (!payment) return onCards ? 'refund' : 'done'
  if (pending) return pending.fresh ? 'wait' : 'finish'
  if (!asked && !isOver(payment)) return 'ask'
  if (isUnsettled(payment)) return order.canceled || payment.abandoned_at ? 'abandon' : 'wait'
  if (order.canceled !== 'all') return 'done'
  if (payment.captured > payment.refunded) return 'refund'
  // Once a part was taken no provider voids the rest: nothing is captured for a canceled order any more, and it lapses.
  if (payment.capturable > 0 && payment.captured === 0) return 'void'
  return onCards ? 'refund' : 'done'
}

/** What came of a step. `refused`: the provider sees the payment otherwise than we do, so it has to be asked. */
type Came = 'news' | 'nothing' | 'refused'

const steps: Record<
  Exclude<Step, 'wait' | 'done'>,
  (deps: Deps, known: Known, hint: string | undefined) => Promise<Came>
> = {
  ask,
  finish: async (deps, { payment, pending }) => (pending ? perform(deps, payment, pending) : 'nothing'),
  abandon,
  void: (deps, known) => giveBack(deps, known, 'void', known.payment.capturable, 0),
  refund: refundAll,
}

/** Ask, abandon, find it captured, refund: no order needs more steps than that. */
const stepsAtMost = 6
/** Doubled with every look that finds nothing new: a lost callback costs a minute at most. */
const firstPauseSeconds = 2
const pauseAtMostSeconds = 60
/** A transfer takes days, and whoever notes it brings the news; what a provider refused needs somebody who sees to it. */
const longPauseAtMostSeconds = 3_600

/**
 * Brings what is known of an order's money up to date with the provider, and finishes what was begun. Safe beside itself: every
 * call to a provider is repeated under the same key, and every record is conditional.
 * @param options.hint the payment that a callback spoke of; believed only as far as the provider confirms it
 * @param options.ask whether to ask the provider about a payment whose state is known
 */
export async function settle(
  deps: Deps,
  orderId: string,
  options: { hint?: string; ask?: boolean } = {},
): Promise<store.OrderMoney | null> {
  const read = () => deps.readMoney(orderId)
  let known = await read()
  let asked = false
  let mayTrust = options.ask === false
  let progress = false
  let refused: Step | null = null
  for (let turn = 1; turn <= stepsAtMost; turn++) {
    if (!known) return known
    const { payment } = known
    if (!payment) {
      if (nextStep(known, true) !== 'refund') break
      await refundAll(deps, known)
      known = await read()
      continue
    }
    const step = nextStep(known, asked || (mayTrust && !isUnsettled(payment)))
    // What the provider refuses is tried once each time that somebody looks.
    if (step === 'done' || step === 'wait' || step === refused) break
    const came: Came = await steps[step](deps, { ...known, payment }, options.hint)
    progress ||= came === 'news'
    asked = step === 'ask' || (asked && came !== 'refused')
    if (came === 'refused') {
      mayTrust = false
      refused = step
    }
    if (came !== 'nothing') known = await read()
    else if (step !== 'ask') break
  }
  if (known) await schedule(deps, known, progress)
  return known
}

/** Whether nothing is held or taken any more that should not be. */
export const isSettled = (known: store.OrderMoney): boolean => nextStep(known, true) === 'done'

async function schedule(deps: Deps, known: store.OrderMoney, progress: boolean): Promise<void> {
  const { order, payment } = known
  if (isSettled(known))
    return payment ? deps.scheduleSettled(order.order_id) : store.scheduleWithoutPayment(deps.db, order.order_id)
  const looks = progress ? 0 : order.looks + 1
  const isLong = payment?.payable_until || refusalsOf(known) > 0
  const atMost = isLong ? longPauseAtMostSeconds : pauseAtMostSeconds
  const pauseSeconds = Math.min(firstPauseSeconds * 2 ** Math.min(looks, 12), atMost)
  await store.scheduleLook(deps.db, order.order_id, pauseSeconds, looks)
}

/** Asks by the provider's id where it is known, else by the attempt's key, and by the order once the key may be forgotten. */
async function ask(deps: Deps, known: Known, hint: string | undefined): Promise<Came> {
  const { order, payment } = known
  const provider = providerOf(deps, payment.provider)
  const id = payment.provider_payment_id ?? hint
  if (id !== undefined) {
    const found = await provider.retrieve({ providerPaymentId: id }, withinDeadline(provider))
    // A hint may be about an earlier attempt of the order, which is over.
    if (payment.provider_payment_id !== null || (found.outcome === 'found' && isOf(payment, found.payment)))
      return hear(deps, known, found)
  }
  // A canceled order's attempt is never made again, not even under its own key; nor one that was let go.
  const isGivenUp = order.canceled !== null || payment.abandoned_at !== null
  const mayRepeat = !isGivenUp && ageMs(payment) < provider.capabilities.keysRememberedMs * keySafety
  if (mayRepeat && (await askForMoney(deps, payment))) return 'news'
  const found = await provider.find({ orderId: payment.order_id }, withinDeadline(provider))
  const missing = found.outcome === 'found' && !found.payments.some((one) => isOf(payment, one))
  if (!missing || mayRepeat || isGivenUp) return hear(deps, known, found)
  // Neither the key nor the order is known there. It may still be on its way, so it is refused for good before it is over.
  return abandon(deps, known)
}

/** Clocks differ and answers take time: a key is not used up to the last minute of its life. */
const keySafety = 0.9

const ageMs = (payment: PaymentRow): number => Date.now() - Date.parse(payment.created_at)

const isOf = (payment: PaymentRow, said: { attemptKey: string }): boolean => said.attemptKey === payment.attempt_key

async function hear(deps: Deps, { payment, operations }: Known, found: RetrieveResult | FindResult): Promise<Came> {
  const log = deps.log.child({ orderId: payment.order_id, paymentId: payment.id, provider: payment.provider })
  if (found.outcome === 'unknown') {
    log.warn({ cause: found.cause, detail: found.detail }, 'the provider did not say how a payment stands')
    return 'nothing'
  }
  const said =
    found.outcome === 'missing'
      ? undefined
      : 'payment' in found
        ? found.payment
        : found.payments.find((one) => isOf(payment, one))
  if (!said) {
    if (found.outcome === 'missing') log.error('the provider does not know a payment that it made')
    return 'nothing'
  }
  const change = believed(deps, payment, learn(payment, said, operations))
  return change && (await record(deps, payment, change)) ? 'news' : 'nothing'
}

/** Ends an attempt at the provider. Money that it took already is learned of instead. */
async function abandon(deps: Deps, known: Known): Promise<Came> {
  const { order } = known
  const payment = await store.markAbandoned(deps.db, known.payment)
  if (!payment) return 'nothing'
  const failure: Failure = order.canceled ? 'canceled' : 'never-arrived'
  const provider = providerOf(deps, payment.provider)
  const request = { orderId: payment.order_id, attemptKey: payment.attempt_key }
  const result = await provider.abandon(request, withinDeadline(provider))
  if (result.outcome === 'abandoned')
    return (await record(deps, payment, ended(payment, 'voided', failure))) ? 'news' : 'nothing'
  if (result.outcome === 'unknown') {
    deps.log.warn({ orderId: payment.order_id, cause: result.cause }, 'the provider did not say whether it let go')
    return 'nothing'
  }
  return hear(deps, { ...known, payment }, await provider.find({ orderId: payment.order_id }, withinDeadline(provider)))
}

/** Everything a canceled order was paid with: the provider's part and the gift cards' in one operation. */
function refundAll(deps: Deps, known: store.OrderMoney): Promise<Came> {
  const { payment, uses } = known
  return giveBack(deps, known, 'refund', payment ? payment.captured - payment.refunded : 0, leftOnCards(uses))
}

/** What the operations by which a canceled order's money is given back are called by. */
const givesBack = ({ payment, uses }: store.OrderMoney): string => `cancel ${payment?.id ?? leftOnCards(uses)}`
/** How often the provider refused that. */
const refusalsOf = (known: store.OrderMoney): number =>
  known.operations.filter(({ status, key }) => status === 'failed' && key?.startsWith(givesBack(known))).length

/** Voids or refunds what a canceled order holds. The key makes it one operation, whoever comes by, and another after each refusal. */
async function giveBack(
  deps: Deps,
  known: store.OrderMoney,
  kind: 'void' | 'refund',
  amount: number,
  giftCards: number,
): Promise<Came> {
  const { payment } = known
  const refusals = refusalsOf(known)
  const key = [givesBack(known), ...(payment ? [payment.version] : []), ...(refusals > 0 ? [refusals] : [])].join(' ')
  const operation = { kind, amount, giftCards, key, asked: 'null', reason: null, by: whoAsked() }
  const claimed = await claimOperation(deps, known, operation)
  if (claimed?.status !== 'pending' || !payment) return claimed ? 'news' : 'nothing'
  return perform(deps, payment, claimed)
}

async function perform(deps: Deps, payment: PaymentRow, operation: OperationRow): Promise<Came> {
  const outcome = await tryOperation(deps, payment, operation)
  return outcome === 'succeeded' ? 'news' : outcome === 'failed' ? 'refused' : 'nothing'
}
