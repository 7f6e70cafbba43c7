import type T from 'typebox'
import { type GiftCard, payments } from '#contracts/payments'
import type { Call } from '#kernel/call'
import { type Accepted, type Input, type Outcome, ok, type Refused, refuse } from '#kernel/contract'
import { inTransaction, type Transaction } from '#kernel/database'
import { idempotencyScope } from '#kernel/execute'
import { fromCursor, toCursor } from '#kernel/fields'
import { answerOf, fingerprint, idempotencyStore } from '#kernel/idempotency'
import { money } from '#kernel/money'
import { validationFailed } from '#kernel/problem'
import { type Deps, whoAsked } from './deps.ts'
import { last4Of } from './gift-card-code.ts'
import * as store from './gift-cards-store.ts'
import { bookAdjustment, bookIssue } from './ledger.ts'

type Ops = typeof payments.operations

/** What happened to a card, told at most: more than any card lives to see. */
const historyAtMost = 500

const unknownGiftCard = refuse('payments/unknown-gift-card', 'There is no such gift card.')

/**
 * Issues a card and books it. Under the request's key the seed of its code is kept, so that the same request again gets the same
 * card with the same code; a day later nobody can tell the code any more.
 */
export async function issueGiftCard(
  deps: Deps,
  input: Input<Ops['issueGiftCard']>,
  call: Call,
): Promise<Outcome<Ops['issueGiftCard']>> {
  const { amount, note = null } = input
  const expiresAt = readExpiry(input.expiresAt ?? null)
  const { code, seed } = deps.giftCardCodes.issue()
  const codeHash = deps.giftCardCodes.hash(code)
  if (codeHash === null) throw new Error('payments: a gift card was to be issued with a code that cannot be read')
  const issued = await once(deps, 'issueGiftCard', input, call, async (tx) => {
    const { card, issued: moved } = await store.insertGiftCard(tx, {
      codeHash,
      last4: last4Of(code),
      currency: amount.currency,
      amount: amount.amount,
      expiresAt,
      note,
      by: whoAsked(),
    })
    await bookIssue(tx, moved)
    return ok({ card: toGiftCard(card), seed })
  })
  return ok({ ...issued.value.card, code: deps.giftCardCodes.ofSeed(issued.value.seed) })
}

/** Adds to what is left on a card, or takes from it, and books it. */
export async function adjustGiftCard(
  deps: Deps,
  input: Input<Ops['adjustGiftCard']>,
  call: Call,
): Promise<Outcome<Ops['adjustGiftCard']>> {
  const { giftCardId, amount, reason } = input
  if (amount.amount === 0) throw validationFailed([{ field: 'amount/amount', message: 'must not be zero' }])
  const known = await store.readGiftCard(deps.db, giftCardId)
  if (!known) return unknownGiftCard
  if (amount.currency !== known.currency)
    throw validationFailed([{ field: 'amount/currency', message: `must be ${known.currency}, as the card’s` }])
  return once(deps, 'adjustGiftCard', input, call, async (tx) => {
    const adjusted = await store.adjustBalance(tx, giftCardId, { ...amount, reason, by: whoAsked() })
    if (!adjusted) {
      const { last4 } = known
      return refuse('payments/gift-card-short', `Less is left on the gift card ending in ${last4}.`, { last4 })
    }
    await bookAdjustment(tx, adjusted.moved, amount.amount > 0)
    return ok(toGiftCard(adjusted.card))
  })
}

/** Does something in the transaction in which its request's key commits. A refusal takes the key back, and is judged anew. */
function once<R extends Accepted<unknown> | Refused>(
  deps: Deps,
  name: 'issueGiftCard' | 'adjustGiftCard',
  input: unknown,
  call: Call,
  work: (tx: Transaction) => Promise<R>,
): Promise<R> {
  const scope = idempotencyScope(name, payments.operations[name], input, call)
  const key = call.idempotencyKey ?? ''
  return inTransaction(deps.db, async (tx) => {
    const keys = idempotencyStore(tx)
    const claim = await keys.claim(scope, key, fingerprint(input))
    const known = answerOf(claim)
    if (known) return known as R
    const outcome = await work(tx)
    if (outcome.ok) await keys.answer(scope, key, outcome)
    return outcome
  })
}

function readExpiry(text: string | null): string | null {
  if (text === null) return null
  try {
    const at = Temporal.Instant.from(text)
    if (Temporal.Instant.compare(at, Temporal.Now.instant()) > 0) return at.toString()
  } catch {
    throw validationFailed([{ field: 'expiresAt', message: 'is not a time, such as 2029-12-31T23:59:59Z' }])
  }
  throw validationFailed([{ field: 'expiresAt', message: 'is over already' }])
}

/** Gift cards, newest first, page by page. */
export async function listGiftCards(
  { db }: Deps,
  { last4, cursor, limit = 50 }: Input<Ops['giftCards']>,
): Promise<Outcome<Ops['giftCards']>> {
  const after = cursor === undefined ? null : (fromCursor(cursor, 1)?.[0] ?? undefined)
  if (after !== null && typeof after !== 'string')
    throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  const rows = await store.listGiftCards(db, { last4: last4?.toUpperCase() ?? null, after }, limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return ok({ items: items.map(toGiftCard), nextCursor: rows.length > limit && last ? toCursor([last.id]) : null })
}

/** A card with what happened to it. */
export async function readGiftCard(
  { db }: Deps,
  { giftCardId }: Input<Ops['giftCard']>,
): Promise<Outcome<Ops['giftCard']>> {
  const [card, history] = await Promise.all([
    store.readGiftCard(db, giftCardId),
    store.readHistory(db, giftCardId, historyAtMost),
  ])
  if (!card) return unknownGiftCard
  return ok({
    ...toGiftCard(card),
    movements: history.map(({ kind, amount, order_id: orderId, reason, at, by }) => ({
      kind,
      amount: money(amount, card.currency),
      orderId,
      reason,
      at,
      by,
    })),
  })
}

/** Turns a card off or on. Money that it paid stays where it is, and what goes back to it waits there. */
export async function updateGiftCard(
  { db }: Deps,
  { giftCardId, disabled }: Input<Ops['updateGiftCard']>,
): Promise<Outcome<Ops['updateGiftCard']>> {
  const card = await store.setDisabled(db, giftCardId, disabled, whoAsked())
  return card ? ok(toGiftCard(card)) : unknownGiftCard
}

/** One answer for codes that nobody has and for cards that pay nothing now: whoever guesses learns nothing from it. */
const notUsable = refuse(
  'payments/gift-card-not-usable',
  'No gift card with this code can be used here. Check how it is written, and whether anything is left on it.',
)

/** The card of a code, if it can pay in a currency now. */
export async function checkGiftCard(
  { db, giftCardCodes }: Deps,
  { code, currency }: Input<Ops['checkGiftCard']>,
): Promise<Outcome<Ops['checkGiftCard']>> {
  const hash = giftCardCodes.hash(code)
  const card = hash === null ? null : await store.findUsable(db, hash, currency)
  return card ? ok({ giftCardId: card.id, last4: card.last4 }) : notUsable
}

/** What cards could pay now. */
export async function giftCardBalances(
  { db }: Deps,
  { giftCardIds, currency }: Input<Ops['giftCardBalances']>,
): Promise<Outcome<Ops['giftCardBalances']>> {
  const cards = await store.readBalances(db, giftCardIds, currency)
  return ok({ items: cards.map(({ id, balance }) => ({ giftCardId: id, balance: money(balance, currency) })) })
}

const toGiftCard = (row: store.GiftCardRow): T.Static<typeof GiftCard> => ({
  id: row.id,
  last4: row.last4,
  amount: money(row.amount, row.currency),
  balance: money(row.balance, row.currency),
  expiresAt: row.expires_at,
  disabled: row.disabled_at !== null,
  note: row.note,
  createdAt: row.created_at,
})
