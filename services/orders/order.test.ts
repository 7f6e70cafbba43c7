import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demandOf } from './order.ts'
import { canMove, moves, staffActions } from './order-state.ts'
import { opens, orderTokens } from './order-token.ts'
import { allowedReturnUrl, returnUrlOf } from './return-url.ts'

test('lines of one variant are one demand; goods of which no stock is kept are none', () => {
  const line = (variant_id: string, quantity: number, tracked = true) => ({
    variant_id,
    quantity,
    tracked,
    backorder: false,
  })
  assert.deepEqual(demandOf([line('mug', 2), line('lamp', 1), line('mug', 3), line('download', 9, false)]), [
    { variantId: 'mug', quantity: 5, backorder: false },
    { variantId: 'lamp', quantity: 1, backorder: false },
  ])
})

test('an order that ended stays so, but for money that came late', () => {
  for (const state of ['fulfilled', 'canceled', 'declined'] as const) assert.deepEqual(moves[state], [])
  assert.ok(canMove('expired', 'placed') && canMove('expired', 'canceled'))
  assert.ok(!canMove('placed', 'expired') && !canMove('declined', 'placed') && !canMove('canceled', 'placed'))
})

test('what staff may do follows from units and money', () => {
  const order = { state: 'placed', units: 3, units_fulfilled: 0 } as const
  const authorized = { status: 'authorized', taken: 0, refunded: 0 }
  const captured = { status: 'captured', taken: 500, refunded: 0 }
  assert.deepEqual(staffActions(order, authorized), ['capture', 'fulfill', 'cancel'])
  assert.deepEqual(staffActions({ ...order, units_fulfilled: 1 }, captured), ['fulfill', 'refund'])
  assert.deepEqual(staffActions({ ...order, state: 'fulfilled', units_fulfilled: 3 }, captured), ['refund'])
  assert.deepEqual(staffActions({ ...order, state: 'canceled' }, { ...captured, refunded: 500 }), [])
  assert.deepEqual(staffActions({ ...order, state: 'awaiting_payment' }, null), [])
  assert.deepEqual(staffActions(order, null), ['fulfill', 'cancel'])
})

test('a token belongs to one order and one shop', () => {
  const tokenOf = orderTokens('a secret of this shop')
  const token = tokenOf('order_1')
  assert.match(token, /^[A-Za-z0-9_-]{22}$/)
  assert.equal(tokenOf('order_1'), token)
  assert.ok(opens(tokenOf, 'order_1', token))
  for (const wrong of [tokenOf('order_2'), '', null, undefined, `${token} `, token.toLowerCase()])
    assert.ok(!opens(tokenOf, 'order_1', wrong))
  assert.notEqual(orderTokens('another secret')('order_1'), token)
})

test('the way back leads to the shop, and knows the order', () => {
  const shop = 'https://shop.example'
  for (const good of ['https://shop.example/', 'https://shop.example:443/a?b=c#d'])
    assert.ok(allowedReturnUrl(good, shop), good)
  for (const bad of [
    'https://shop.example.evil.example/',
    'https://shop.example@evil.example/',
    'https://user@shop.example/',
    'http://shop.example/',
    'https://shop.example:8443/',
    '//shop.example/',
    'javascript:location="https://shop.example"',
    'data:text/html,shop.example',
    '',
  ])
    assert.ok(!allowedReturnUrl(bad, shop), bad)
  const deps = { publicUrl: shop, tokenOf: () => 'token' }
  assert.equal(returnUrlOf(deps, 'order_1', undefined), 'https://shop.example/orders/order_1?token=token')
  assert.equal(
    returnUrlOf(deps, 'order_1', 'https://shop.example/back?x=1&token=forged'),
    'https://shop.example/back?x=1&token=token&order=order_1',
  )
})
