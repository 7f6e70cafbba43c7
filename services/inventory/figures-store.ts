import { sql } from '#kernel/database'
import type { Figure } from '#kernel/figures'

/** Of the levels, of which there are as many as goods and locations, and not of the holds, of which there is one an order for ever. */
export const inventoryFigures: readonly Figure[] = [
  {
    name: 'stoa_stock_units',
    help: 'Units at all locations: on hand, held for orders that are not placed yet, and promised to those that are.',
    labels: ['state'],
    count: async (db) => {
      const { rows } = await sql<{ on_hand: number; held: number; allocated: number }>`
        select coalesce(sum(on_hand), 0)::bigint as on_hand, coalesce(sum(reserved), 0)::bigint as held,
               coalesce(sum(allocated), 0)::bigint as allocated from levels`.execute(db)
      const { on_hand = 0, held = 0, allocated = 0 } = rows[0] ?? {}
      return [
        { labels: { state: 'on-hand' }, value: on_hand },
        { labels: { state: 'held' }, value: held },
        { labels: { state: 'allocated' }, value: allocated },
      ]
    },
  },
]
