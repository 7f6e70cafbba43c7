import type { pricing } from '#contracts/pricing'
import { type Input, type Outcome, ok, type Refusal, type Refused, refuse } from '#kernel/contract'
import { type Database, inTransaction } from '#kernel/database'
import { fromCursor, toCursor } from '#kernel/fields'
import { newId } from '#kernel/id'
import { withAnswer } from '#kernel/idempotency'
import { validationFailed } from '#kernel/problem'
import type { Markets } from './markets.ts'
import {
  isCodeTaken,
  type PromotionFields,
  savePromotion,
  selectPromotionForUpdate,
  selectPromotions,
} from './store.ts'

type Deps = { readonly db: Database; readonly markets: Markets }
type List = (typeof pricing.operations)['promotions']
type Create = (typeof pricing.operations)['createPromotion']
type Update = (typeof pricing.operations)['updatePromotion']

/** Promotions, newest first, page by page. */
export async function listPromotions({ db }: Deps, input: Input<List>): Promise<Outcome<List>> {
  const limit = input.limit ?? 50
  const rows = await selectPromotions(db, readCursor(input.cursor), limit + 1)
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return ok({ items, nextCursor: rows.length > limit && last ? toCursor([last.id]) : null })
}

function readCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null
  const [id] = fromCursor(cursor, 1) ?? []
  if (typeof id !== 'string') throw validationFailed([{ field: 'cursor', message: 'is not a cursor of this list' }])
  return id
}

export async function createPromotion({ db, markets }: Deps, input: Input<Create>): Promise<Outcome<Create>> {
  const fault = faultOf(markets, input, 0)
  if (fault) return fault
  try {
    return await withAnswer(db, async (executor) => ok(await savePromotion(executor, newId('promo'), input)))
  } catch (error) {
    if (isCodeTaken(error)) return codeTaken(input.code)
    throw error
  }
}

/** Changes the fields that are given. The row is locked from the reading to the writing, so two changes both count. */
export async function updatePromotion({ db, markets }: Deps, input: Input<Update>): Promise<Outcome<Update>> {
  const { promotionId, ...changes } = input
  try {
    return await inTransaction(db, async (tx): Promise<Outcome<Update>> => {
      const known = await selectPromotionForUpdate(tx, promotionId)
      if (!known) return refuse('pricing/unknown-promotion', `There is no promotion ${promotionId}.`)
      const changed = { ...known, ...changes }
      const fault = faultOf(markets, changed, known.timesUsed)
      if (fault) return fault
      return ok(await savePromotion(tx, promotionId, changed))
    })
  } catch (error) {
    if (isCodeTaken(error)) return codeTaken(input.code ?? null)
    throw error
  }
}

const codeTaken = (code: string | null) =>
  refuse('pricing/code-taken', `Another promotion has the code ${code}, perhaps in capitals.`)

/** What keeps a promotion from being one, in a sentence for staff; null when nothing does. */
function faultOf(
  markets: Markets,
  one: PromotionFields,
  timesUsed: number,
): Refused<Refusal<'pricing/promotion-incomplete', undefined>> | null {
  const incomplete = (detail: string) => refuse('pricing/promotion-incomplete', detail)
  if (one.kind === 'percentage') {
    if (!one.rate) return incomplete('rate: a percentage needs a rate above zero.')
    if (Object.keys(one.amounts).length > 0) return incomplete('amounts: a percentage has a rate, and no amounts.')
  } else {
    if (Object.keys(one.amounts).length === 0)
      return incomplete('amounts: a fixed promotion needs an amount for a market.')
    if (one.rate !== null) return incomplete('rate: a fixed promotion has amounts, and no rate.')
  }
  const unknown = [...Object.keys(one.amounts), ...Object.keys(one.minimums)].find((code) => !markets.find(code).ok)
  if (unknown !== undefined) return incomplete(`amounts, minimums: there is no market "${unknown}".`)
  const [startsAt, endsAt] = [readTime('startsAt', one.startsAt), readTime('endsAt', one.endsAt)]
  if (startsAt && endsAt && Temporal.Instant.compare(endsAt, startsAt) <= 0) {
    return incomplete('endsAt: a promotion ends after it starts.')
  }
  if (one.usageLimit !== null && one.usageLimit < timesUsed) {
    return incomplete(`usageLimit: it was used ${timesUsed} times. Switch it off to stop it.`)
  }
  return null
}

function readTime(field: string, text: string | null): Temporal.Instant | null {
  if (text === null) return null
  try {
    return Temporal.Instant.from(text)
  } catch {
    throw validationFailed([{ field, message: 'is not a time, such as 2026-11-27T00:00:00Z' }])
  }
}
