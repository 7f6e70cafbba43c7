import { type Executor, sql } from '#kernel/database'
import type { Question } from '#kernel/verify'

/** Levels that promise more than is there, by more than back-orders and counts account for. */
export const overpromised: Question = {
  all: sql`select count(*) from levels`,
  wrong: sql`
    select format('%s at %s: %s reserved and %s allocated of %s on hand, %s back-ordered, %s counted short',
                  variant_id, location_id, reserved, allocated, on_hand, backordered, counted_short) as said
    from levels where reserved + allocated > on_hand + backordered + counted_short`,
}

/** How many levels promise more than is there, and why they may. */
export async function explainedPromises(db: Executor): Promise<Record<string, number>> {
  const { rows } = await sql<{ backordered: number; counted_short: number }>`
    select count(*) filter (where backordered > 0) as backordered, count(*) filter (where counted_short > 0) as counted_short
    from levels where backordered > 0 or counted_short > 0`.execute(db)
  return {
    'levels with back-orders': rows[0]?.backordered ?? 0,
    'levels counted short of what was promised': rows[0]?.counted_short ?? 0,
  }
}

/** Levels whose reserved and allocated units are not the sums over the orders that hold them. */
export const miscountedPromises: Question = {
  all: sql`select count(*) from levels`,
  wrong: sql`
    select format('%s at %s: level says %s reserved and %s allocated, orders %s and %s', variant_id, location_id,
                  coalesce(l.reserved, 0), coalesce(l.allocated, 0), coalesce(p.reserved, 0), coalesce(p.allocated, 0)) as said
    from levels l
    full join (
      select variant_id, location_id, coalesce(sum(quantity - fulfilled) filter (where state = 'held'), 0) as reserved,
             coalesce(sum(quantity - fulfilled) filter (where state = 'allocated'), 0) as allocated
      from hold_lines join holds using (order_id) where state in ('held', 'allocated')
      group by variant_id, location_id) p using (variant_id, location_id)
    where coalesce(l.reserved, 0) <> coalesce(p.reserved, 0) or coalesce(l.allocated, 0) <> coalesce(p.allocated, 0)`,
}

/** Levels whose units on hand are not the sum of their movements. */
export const unaccountedLevels: Question = {
  all: sql`select count(*) from levels`,
  wrong: sql`
    select format('%s at %s: %s on hand, movements sum to %s', variant_id, location_id, coalesce(l.on_hand, 0),
                  coalesce(m.quantity, 0)) as said
    from levels l
    full join (select variant_id, location_id, sum(quantity) as quantity from movements group by variant_id, location_id) m
      using (variant_id, location_id)
    where coalesce(l.on_hand, 0) <> coalesce(m.quantity, 0)`,
}

/** Orders that hold stock or were promised some, by id. */
export async function pageOfOrderIds(db: Executor, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ order_id: string }>`
    select order_id from holds where order_id > ${after} and state <> 'released' order by order_id limit ${limit}`.execute(
    db,
  )
  return rows.map(({ order_id }) => order_id)
}
