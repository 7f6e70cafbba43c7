import { sql } from '#kernel/database'
import type { Figure } from '#kernel/figures'

export const mailFigures: readonly Figure[] = [
  {
    name: 'stoa_mails',
    help: 'Mails that wait to be sent, and those of the last day that were given up.',
    labels: ['state'],
    count: async (db) => {
      const { rows } = await sql<{ pending: number; failed: number }>`
        select (select count(*)::int from mails where state = 'pending') as pending,
               (select count(*)::int from mails where state = 'failed' and created_at > now() - interval '1 day') as failed`.execute(
        db,
      )
      const { pending = 0, failed = 0 } = rows[0] ?? {}
      return [
        { labels: { state: 'pending' }, value: pending },
        { labels: { state: 'failed' }, value: failed },
      ]
    },
  },
  {
    name: 'stoa_mails_oldest_pending_seconds',
    help: 'Age of the oldest mail that waits to be sent; 0 when none waits.',
    labels: [],
    count: async (db) => {
      const { rows } = await sql<{ age: number }>`
        select coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as age
        from mails where state = 'pending'`.execute(db)
      return [{ labels: {}, value: rows[0]?.age ?? 0 }]
    },
  },
]
