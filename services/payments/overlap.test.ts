import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/id'
import { verified } from '#kernel/invariants'
import { startTestPayments, type TestPayments } from './test-payments.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

/** Somebody who stops at a place until they may go on. */
function stop() {
  const arrived = Promise.withResolvers<void>()
  const mayGo = Promise.withResolvers<void>()
  return {
    arrived: arrived.promise,
    go: mayGo.resolve,
    async pass() {
      arrived.resolve()
      await mayGo.promise
    },
  }
}

describe('a look at the provider beside an operation that moves money', () => {
  let shop: TestPayments
  let look: ReturnType<typeof stop> | null = null
  let operation: ReturnType<typeof stop> | null = null
  before(async () => {
    shop = await startTestPayments({
      between: (adapter) => ({
        ...adapter,
        async retrieve(request, options) {
          await look?.pass()
          return adapter.retrieve(request, options)
        },
      }),
      async reached(point) {
        if (point === 'operation-answered') await operation?.pass()
      },
    })
    await shop.sandbox.behave({ webhooks: { drop: true } })
  })
  after(() => shop?.stop())

  const paid = async (): Promise<string> => {
    const orderId = newId('order')
    const returnUrl = 'http://127.0.0.1/orders/back'
    const asked = { orderId, amount: eur(5_000), provider: 'sandbox', token: 'tok_ok', returnUrl }
    assert.ok((await shop.payments.authorize(asked)).ok)
    return orderId
  }
  const capture = (orderId: string) =>
    shop.payments.capture({ orderId, amount: null, forDispatch: false }, { key: newId('key') })
  const refund = (orderId: string) =>
    shop.payments.refund({ orderId, amount: eur(2_000), reason: 'A scratch' }, { key: newId('key') })

  for (const [kind, move, before] of [
    ['capture', capture, async () => undefined],
    ['refund', refund, capture],
  ] as const)
    test(`a ${kind} that begins and is done at the provider while somebody asks it is counted once`, async () => {
      const orderId = await paid()
      await before(orderId)
      ;[look, operation] = [stop(), stop()]
      const looking = shop.payments.reconcile({ orderId })
      await look.arrived
      const moving = move(orderId)
      await operation.arrived
      // The provider tells of it now; that it is under way was not so when this look began.
      look.go()
      await looking
      operation.go()
      const moved = await moving
      ;[look, operation] = [null, null]
      assert.ok(moved.ok, JSON.stringify(moved))
      const [payment] = await shop.rows<{ captured: number; refunded: number }>(
        'select captured::int, refunded::int from payments.payments where order_id = $1',
        [orderId],
      )
      assert.deepEqual(payment, { captured: 5_000, refunded: kind === 'refund' ? 2_000 : 0 })
      const operations = await shop.rows(
        'select kind, status from payments.payment_operations where order_id = $1 and kind = $2',
        [orderId, kind],
      )
      assert.deepEqual(operations, [{ kind, status: 'succeeded' }])
      assert.deepEqual(
        (await verified(shop.payments.verify)).flatMap(({ violations }) => violations),
        [],
      )
    })
})
