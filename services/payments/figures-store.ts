import { sql } from '#kernel/database'
import type { Figure } from '#kernel/figures'

/** Attempts that nobody knows the end of are found by the looks that are due for them: those that ended have none. */
export const paymentFigures: readonly Figure[] = [
  {
    name: 'stoa_payments_open',
    help: 'Attempts to pay that are under way, by status; of those that are processing nobody knows yet whether they charged.',
    labels: ['status'],
    count: async (db) => {
      const { rows } = await sql<{ status: string; count: number }>`
        select known.status, count(p.id)::int as count
        from unnest(array['processing', 'requires_action']) as known (status)
        left join (select p.id, p.status from order_payments o join payments p on p.order_id = o.order_id
                   where o.look_at is not null) p on p.status = known.status
        group by known.status`.execute(db)
      return rows.map(({ status, count }) => ({ labels: { status }, value: count }))
    },
  },
  {
    name: 'stoa_payments_unknown_oldest_seconds',
    help: 'Age of the oldest attempt to pay of which nobody knows whether it charged; 0 when there is none.',
    labels: [],
    count: async (db) => {
      const { rows } = await sql<{ age: number }>`
        select coalesce(extract(epoch from now() - min(p.created_at)), 0)::float8 as age
        from order_payments o join payments p on p.order_id = o.order_id
        where o.look_at is not null and p.status = 'processing'`.execute(db)
      return [{ labels: {}, value: rows[0]?.age ?? 0 }]
    },
  },
]
