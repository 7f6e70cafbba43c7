import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { until } from '../services/payments/test-payments.ts'
import { registry } from '../services/registry.ts'
import { buy, sell } from './goods.ts'
import { startShop } from './shop.ts'

test('all pools of one process together have at most 60 connections, those of the sandbox provider included', () => {
  const sandbox = 4
  const connections = registry.reduce((all, { connections: own }) => all + (own ?? 0), sandbox)
  assert.ok(connections <= 60, `${connections}`)
})

test('staff whose reports hold every connection but the reserve stop no checkout', async (t) => {
  const shop = await startShop('one')
  const owner = new pg.Client({ connectionString: shop.databaseUrl })
  await owner.connect()
  t.after(async () => {
    await owner.end()
    await shop.stop()
  })
  const { variantId } = await sell(shop, { handle: 'mug', onHand: 10 })
  const { checkout } = await buy(shop, variantId)

  // The history of a payment's operations is read by staff; a checkout does not look at it.
  await owner.query('begin; lock table payments.payment_operations in access exclusive mode')
  const report = () =>
    shop.api('GET', `/api/admin/payments/${checkout.body.order.id}`, undefined, { token: shop.staffToken })
  let isHeld = true
  const hold = async (): Promise<void> => {
    while (isHeld) await report()
  }
  const reports = Promise.all(Array.from({ length: 12 }, hold))
  const held = async (): Promise<number> =>
    (
      await owner.query(
        `select count(*)::int as n from pg_locks where not granted and relation = 'payments.payment_operations'::regclass`,
      )
    ).rows[0].n
  await until(held, (n) => n === 6)
  const placed = await buy(shop, variantId)
  assert.equal(placed.checkout.body.order.status, 'placed')
  await until(held, (n) => n === 6)
  isHeld = false
  await owner.query('rollback')
  await reports
  assert.equal((await report()).status, 200)
})
