import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { verified } from '#kernel/invariants'
import { startTestPayments } from './test-payments.ts'

/** Three pages of attempts and one that begins. */
const payments = 3_100
/** As on a busy day. */
const aSecond = 10

/** Times at which they were made, the last some minutes ago. */
const madeAt = `now() - interval '10 minutes' - make_interval(secs => (${payments} - n) / ${aSecond}.0)`

test('a provider’s list is read about once, however many payments are made in a minute, and with another clock too', async (t) => {
  let [listed, finds] = [0, 0]
  const shop = await startTestPayments({
    between: (adapter) => ({
      ...adapter,
      async list(request, options) {
        const answer = await adapter.list(request, options)
        if (answer.outcome === 'listed') listed += answer.items.length
        return answer
      },
      find(request, options) {
        finds += 1
        return adapter.find(request, options)
      },
    }),
  })
  t.after(() => shop.stop())
  await shop.rows(
    `insert into payments.order_payments (order_id, attempts) select 'order_' || n, 1 from generate_series(1, ${payments}) n`,
  )
  await shop.rows(`
    insert into payments.payments (id, order_id, attempt, attempt_key, provider, provider_payment_id, status, currency, amount,
      authorized, captured, capturable, refunded, capture_now, return_url, version, created_at, updated_at)
    select 'payment_' || lpad(n::text, 8, '0'), 'order_' || n, 1, 'attempt-' || n, 'sandbox', 'pay_' || n, 'captured', 'EUR', 4490,
      4490, 4490, 0, 0, false, '', 1, ${madeAt}, now() - interval '5 minutes'
    from generate_series(1, ${payments}) n`)
  const provider = new pg.Client({ connectionString: shop.sandbox.databaseUrl })
  provider.on('error', () => undefined)
  await provider.connect()
  await provider.query(`
    insert into sandbox_provider.payments (id, order_id, attempt_key, status, currency, amount, authorized, captured, capture_now,
      page_secret, hosted, created_at, updated_at)
    select 'pay_' || n, 'order_' || n, 'attempt-' || n, 'captured', 'EUR', 4490, 4490, 4490, true, '', false,
      ${madeAt} + interval '100 ms', now()
    from generate_series(1, ${payments}) n`)
  const compare = async () => {
    ;[listed, finds] = [0, 0]
    const check = (await verified(shop.payments.verify)).find(({ what }) =>
      what.startsWith('payments are what sandbox'),
    )
    return [check?.checked, check?.violations]
  }
  assert.deepEqual(await compare(), [payments, []])
  assert.ok(listed < 1.2 * payments, `${listed} listed of ${payments}`)
  assert.equal(finds, 0)

  await provider.query("update sandbox_provider.payments set created_at = created_at + interval '30 seconds'")
  assert.deepEqual(await compare(), [payments, []])
  assert.ok(finds < 30, `${finds} asked for`)

  await provider.query("delete from sandbox_provider.payments where id in ('pay_1', 'pay_1500', 'pay_3100')")
  const [, lost] = await compare()
  assert.deepEqual(
    lost,
    [1, 1_500, 3_100].map((n) => `payment_${String(n).padStart(8, '0')}: sandbox does not know attempt attempt-${n}`),
  )
})
