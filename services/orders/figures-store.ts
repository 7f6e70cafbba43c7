import { sql } from '#kernel/database'
import type { Figure } from '#kernel/figures'

/** What the shop's owner and whoever is on call want to know of orders, each by an index and of what is under way or fresh. */
export const orderFigures: readonly Figure[] = [
  {
    name: 'stoa_orders_open',
    help: 'Orders that are under way: being placed, waiting for their money, or placed and not yet fulfilled.',
    labels: ['state'],
    count: async (db) => {
      const { rows } = await sql<{ state: string; count: number }>`
        select state, (select count(*)::int from orders o where o.state = known.state) as count
        from unnest(array['placing', 'awaiting_payment', 'placed']) as known (state)`.execute(db)
      return rows.map(({ state, count }) => ({ labels: { state }, value: count }))
    },
  },
  {
    name: 'stoa_orders_last_hour',
    help: 'Orders that were begun in the last hour, by what has become of them.',
    labels: ['state'],
    count: async (db) => {
      const { rows } = await sql<{ state: string; count: number }>`
        select state, (select count(*)::int from orders o
                       where o.state = known.state and o.created_at > now() - interval '1 hour') as count
        from unnest(array['placing', 'awaiting_payment', 'placed', 'fulfilled', 'canceled', 'declined', 'expired']) as known (state)`.execute(
        db,
      )
      return rows.map(({ state, count }) => ({ labels: { state }, value: count }))
    },
  },
  {
    name: 'stoa_orders_holding_too_long',
    help: 'Unpaid orders that hold stock more than six minutes past their time limit: the five of the provider and a look.',
    labels: [],
    count: async (db) => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::int as count from orders
        where state in ('placing', 'awaiting_payment') and expires_at < now() - interval '6 minutes'`.execute(db)
      return [{ labels: {}, value: rows[0]?.count ?? 0 }]
    },
  },
  {
    name: 'stoa_orders_overdue',
    help: 'Orders whose next step was due more than a minute ago: recovery does not keep up.',
    labels: [],
    count: async (db) => {
      const { rows } = await sql<{ count: number }>`
        select count(*)::int as count from orders where look_at < now() - interval '1 minute'`.execute(db)
      return [{ labels: {}, value: rows[0]?.count ?? 0 }]
    },
  },
]
