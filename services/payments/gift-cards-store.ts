import { type Executor, sql, type Transaction } from '#kernel/database'
import { newId } from '#kernel/id'
import type { Part } from './refund-split.ts'

/** A gift card as it is stored. Amounts in minor units of `currency`. */
export type GiftCardRow = {
  readonly id: string
  readonly last4: string
  readonly currency: string
  readonly amount: number
  readonly balance: number
  readonly expires_at: string | null
  readonly disabled_at: string | null
  readonly note: string | null
  readonly created_at: string
}

/** What a gift card pays of an order; uses that were undone are not among them. */
export type UseRow = {
  readonly order_id: string
  readonly attempt: number
  readonly gift_card_id: string
  readonly last4: string
  readonly currency: string
  readonly amount: number
  readonly refunded: number
  readonly created_at: string
  readonly updated_at: string
}

/** Money that moved from or to a card, to be booked in the same transaction. `amount` is its size, whichever way it went. */
export type Moved = { readonly id: string; readonly amount: number; readonly currency: string }

const columns = sql`id, last4, currency, amount, balance, expires_at, disabled_at, note, created_at`
const canPay = sql`disabled_at is null and (expires_at is null or expires_at > now())`
/** What comes back to a card that has expired meanwhile can be spent for so long from then on. */
const spendableAgain = sql`interval '1 year'`

// ---- Cards ------------------------------------------------------------------------------------------------------

export async function insertGiftCard(
  tx: Transaction,
  card: {
    readonly codeHash: string
    readonly last4: string
    readonly currency: string
    readonly amount: number
    readonly expiresAt: string | null
    readonly note: string | null
    readonly by: string
  },
): Promise<{ readonly card: GiftCardRow; readonly issued: Moved }> {
  const { rows } = await sql<GiftCardRow & { movement_id: string }>`
    with issued as (
      insert into gift_cards (id, code_hash, last4, currency, amount, balance, expires_at, note)
      values (${newId('gift')}, ${card.codeHash}, ${card.last4}, ${card.currency}, ${card.amount}, ${card.amount},
              ${card.expiresAt}, ${card.note})
      returning ${columns}),
    moved as (
      insert into gift_card_movements (gift_card_id, kind, amount, by)
      select id, 'issue', amount, ${card.by} from issued returning id as movement_id)
    select * from issued, moved`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('payments: a gift card was inserted and not returned')
  const { movement_id: id, ...issued } = row
  return { card: issued, issued: { id, amount: card.amount, currency: card.currency } }
}

/** The card of a code, if it can pay in `currency` now. */
export async function findUsable(
  db: Executor,
  codeHash: string,
  currency: string,
): Promise<{ readonly id: string; readonly last4: string } | null> {
  const { rows } = await sql<{ id: string; last4: string }>`
    select id, last4 from gift_cards
    where code_hash = ${codeHash} and currency = ${currency} and balance > 0 and ${canPay}`.execute(db)
  return rows[0] ?? null
}

export async function readBalances(
  db: Executor,
  ids: readonly string[],
  currency: string,
): Promise<{ readonly id: string; readonly balance: number }[]> {
  const { rows } = await sql<{ id: string; balance: number }>`
    select id, balance from gift_cards
    where id = any(${[...ids]}::text[]) and currency = ${currency} and balance > 0 and ${canPay}`.execute(db)
  return rows
}

/** Newest first. @param after the last id of the page before */
export async function listGiftCards(
  db: Executor,
  filter: { readonly last4: string | null; readonly after: string | null },
  limit: number,
): Promise<GiftCardRow[]> {
  const conditions = [
    ...(filter.last4 === null ? [] : [sql`last4 = ${filter.last4}`]),
    ...(filter.after === null ? [] : [sql`id < ${filter.after}`]),
    sql`true`,
  ]
  const { rows } = await sql<GiftCardRow>`
    select ${columns} from gift_cards where ${sql.join(conditions, sql` and `)}
    order by id desc limit ${limit}`.execute(db)
  return rows
}

export async function readGiftCard(db: Executor, id: string): Promise<GiftCardRow | null> {
  const { rows } = await sql<GiftCardRow>`select ${columns} from gift_cards where id = ${id}`.execute(db)
  return rows[0] ?? null
}

export type HappenedRow = {
  readonly kind: string
  readonly amount: number
  readonly order_id: string | null
  readonly reason: string | null
  readonly at: string
  readonly by: string
}

/** What happened to a card, newest first: money that moved, and who turned it off and on. */
export async function readHistory(db: Executor, id: string, limit: number): Promise<HappenedRow[]> {
  const { rows } = await sql<HappenedRow>`
    (select kind, amount, order_id, reason, created_at as at, by from gift_card_movements
     where gift_card_id = ${id} order by id desc limit ${limit})
    union all
    (select kind, 0, null, null, created_at, by from gift_card_changes where gift_card_id = ${id} order by id desc limit ${limit})
    order by at desc limit ${limit}`.execute(db)
  return rows
}

/**
 * Adds to what is left on a card, or takes from it, if it holds as much.
 * @param change.amount below zero to take
 * @returns the card and what moved, or null when it holds less or has another currency
 */
export async function adjustBalance(
  tx: Transaction,
  id: string,
  change: { readonly amount: number; readonly currency: string; readonly reason: string; readonly by: string },
): Promise<{ readonly card: GiftCardRow; readonly moved: Moved } | null> {
  const { amount, currency, reason, by } = change
  const { rows } = await sql<GiftCardRow & { movement_id: string }>`
    with changed as (
      update gift_cards set balance = balance + ${amount}
      where id = ${id} and currency = ${currency} and balance + ${amount} >= 0 returning ${columns}),
    moved as (
      insert into gift_card_movements (gift_card_id, kind, amount, reason, by)
      select id, 'adjust', ${amount}, ${reason}, ${by} from changed returning id as movement_id)
    select * from changed, moved`.execute(tx)
  const [row] = rows
  if (!row) return null
  const { movement_id, ...card } = row
  return { card, moved: { id: movement_id, amount: Math.abs(amount), currency } }
}

/** Turns a card off or on and notes who did it, unless it is so already. @returns the card, or null when there is none */
export async function setDisabled(
  db: Executor,
  id: string,
  disabled: boolean,
  by: string,
): Promise<GiftCardRow | null> {
  const { rows } = await sql<GiftCardRow>`
    with changed as (
      update gift_cards set disabled_at = case when ${disabled} then now() end
      where id = ${id} and (disabled_at is not null) <> ${disabled} returning ${columns}),
    noted as (
      insert into gift_card_changes (gift_card_id, kind, by)
      select id, ${disabled ? 'disabled' : 'enabled'}, ${by} from changed)
    select * from changed
    union all
    select ${columns} from gift_cards where id = ${id} and not exists (select 1 from changed)`.execute(db)
  return rows[0] ?? null
}

// ---- Uses -------------------------------------------------------------------------------------------------------

/** Orders and staff come for the same cards from different sides, so that all lock them by id before they write. */
async function lockCards(tx: Transaction, ids: readonly string[]): Promise<void> {
  await sql`select 1 from gift_cards where id = any(${[...ids]}::text[]) order by id for update`.execute(tx)
}

/** Which attempt of which order uses cards, and who asked for it. */
export type NewUse = {
  readonly orderId: string
  readonly attempt: number
  readonly currency: string
  readonly by: string
}

/**
 * Takes what each card is to pay of an order, if every card holds as much and may pay.
 * @returns what moved, or the first card that is short
 */
export async function insertUses(
  tx: Transaction,
  use: NewUse,
  cards: readonly Part[],
): Promise<{ readonly moved: readonly Moved[] } | { readonly short: string }> {
  const { orderId, attempt, currency, by } = use
  await lockCards(
    tx,
    cards.map(({ giftCardId }) => giftCardId),
  )
  const { rows } = await sql<Moved & { card: string }>`
    with wanted as (
      select w."giftCardId" as id, w.amount, w.position
      from rows from (jsonb_to_recordset(${JSON.stringify(cards)}::jsonb) as ("giftCardId" text, amount bigint))
        with ordinality as w ("giftCardId", amount, position)),
    taken as (
      update gift_cards g set balance = g.balance - w.amount from wanted w
      where g.id = w.id and g.currency = ${currency} and g.balance >= w.amount and ${canPay}
      returning g.id, w.amount, w.position),
    used as (
      insert into gift_card_uses (order_id, attempt, gift_card_id, position, currency, amount)
      select ${orderId}, ${attempt}, id, position, ${currency}, amount from taken)
    insert into gift_card_movements (gift_card_id, kind, amount, order_id, attempt, by)
    select id, 'use', -amount, ${orderId}, ${attempt}, ${by} from taken
    returning id, -amount as amount, ${currency}::text as currency, gift_card_id as card`.execute(tx)
  const short = cards.find(({ giftCardId }) => !rows.some(({ card }) => card === giftCardId))
  return short ? { short: short.giftCardId } : { moved: rows }
}

/** Gives back what cards paid for an attempt that came to nothing. Again changes nothing. */
export async function undoUses(
  tx: Transaction,
  { order_id: orderId, attempt }: { readonly order_id: string; readonly attempt: number },
  by: string,
): Promise<readonly Moved[]> {
  const { rows: uses } = await sql<Part>`
    update gift_card_uses set undone = true, updated_at = now()
    where order_id = ${orderId} and attempt = ${attempt} and not undone
    returning gift_card_id as "giftCardId", amount`.execute(tx)
  if (uses.length === 0) return []
  return giveToCards(tx, uses, sql`'return', c.amount, ${orderId}, ${attempt}::integer, null::text, ${by}`)
}

/**
 * Gives cards back what an order was paid with. How much each gets was judged while only this operation could be under way.
 * @throws when a card paid less, which rolls everything back
 */
export async function refundUses(
  tx: Transaction,
  operation: { readonly id: string; readonly order_id: string; readonly by: string },
  cards: readonly Part[],
): Promise<readonly Moved[]> {
  const { id, order_id: orderId, by } = operation
  await sql`
    update gift_card_uses u set refunded = u.refunded + c.amount, updated_at = now()
    from jsonb_to_recordset(${JSON.stringify(cards)}::jsonb) as c ("giftCardId" text, amount bigint)
    where u.order_id = ${orderId} and u.gift_card_id = c."giftCardId" and not u.undone`.execute(tx)
  return giveToCards(tx, cards, sql`'refund', c.amount, ${orderId}, null::integer, ${id}, ${by}`)
}

async function giveToCards(
  tx: Transaction,
  cards: readonly Part[],
  movement: ReturnType<typeof sql>,
): Promise<readonly Moved[]> {
  await lockCards(
    tx,
    cards.map(({ giftCardId }) => giftCardId),
  )
  const { rows } = await sql<Moved>`
    with c as (
      select "giftCardId" as id, amount
      from jsonb_to_recordset(${JSON.stringify(cards)}::jsonb) as r ("giftCardId" text, amount bigint)),
    given as (
      update gift_cards g set balance = g.balance + c.amount,
        expires_at = case when g.expires_at <= now() then now() + ${spendableAgain} else g.expires_at end
      from c where g.id = c.id returning g.id, g.currency),
    moved as (
      insert into gift_card_movements (gift_card_id, kind, amount, order_id, attempt, operation_id, by)
      select c.id, ${movement} from c join given on given.id = c.id
      returning id, amount, gift_card_id)
    select moved.id, moved.amount, given.currency from moved join given on given.id = moved.gift_card_id`.execute(tx)
  if (rows.length !== cards.length) throw new Error('payments: money was to go to a gift card that is not there')
  return rows
}

/** What gift cards pay of orders, in the order of use. */
export async function usesOf(db: Executor, orderIds: readonly string[]): Promise<UseRow[]> {
  const { rows } = await sql<UseRow>`
    select u.order_id, u.attempt, u.gift_card_id, g.last4, u.currency, u.amount, u.refunded, u.created_at, u.updated_at
    from gift_card_uses u join gift_cards g on g.id = u.gift_card_id
    where u.order_id = any(${[...orderIds]}::text[]) and not u.undone order by u.order_id, u.position`.execute(db)
  return rows
}
