import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { inTransaction, sql } from '#kernel/database'
import { serviceDatabase } from '../../test/service-database.ts'
import { pageOfAttempts } from './verify-store.ts'

const payments = 3_000

test('a page of attempts reads the operations of that page, however many there are', async (t) => {
  const { db, url, stop } = await serviceDatabase('payments', { connections: 2 })
  t.after(stop)
  const owner = new pg.Client(url)
  await owner.connect()
  await owner.query(`
    set session_replication_role = replica;
    insert into payments.payments (id, order_id, attempt, attempt_key, provider, status, currency, amount, authorized, captured,
      capturable, refunded, capture_now, return_url, version, created_at, updated_at)
    select 'payment_' || n, 'order_' || n, 1, 'attempt_' || n, 'sandbox', 'captured', 'EUR', 4490, 4490, 4490, 0, 0, false, '', 1,
      now() - interval '1 day', now() - interval '1 day' from generate_series(1, ${payments}) n;
    insert into payments.payment_operations (id, payment_id, order_id, kind, status, amount, currency, key, asked, by, created_at, updated_at)
    select 'capture_' || n, 'payment_' || n, 'order_' || n, 'capture', 'succeeded', 4490, 'EUR', 'k', 'null', 'system',
      now() - interval '1 day', now() - interval '1 day' from generate_series(1, ${payments}) n;
    analyze payments.payments, payments.payment_operations`)
  await owner.end()
  const limit = 50
  const [page, read] = await inTransaction(db, async (tx) => {
    const rows = await pageOfAttempts(tx, { provider: 'sandbox', after: '', graceSeconds: 120, limit })
    const seen = await sql<{ read: number }>`
      select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_xact_user_tables
      where schemaname = 'payments' and relname = 'payment_operations'`.execute(tx)
    return [rows, seen.rows[0]?.read ?? 0] as const
  })
  assert.equal(page.length, limit)
  assert.ok(page.every(({ settled }) => settled))
  assert.ok(read >= limit && read <= 2 * limit, `${read} operations read for ${limit} payments`)
})
