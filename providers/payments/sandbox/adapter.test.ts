import assert from 'node:assert/strict'
import type { ShopperAction } from '../port.ts'
import { providerSuite } from '../provider-suite.ts'
import { startTestShop, submit } from './test-shop.ts'

const pageOf = ({ redirectUrl }: ShopperAction): string => redirectUrl ?? assert.fail('no page to go to')

providerSuite('sandbox', async () => {
  const shop = await startTestShop()
  return {
    provider: shop.provider,
    unreachable: shop.unreachable,
    currency: 'EUR',
    tokens: {
      ok: 'tok_ok',
      declined: 'tok_declined',
      challenge: 'tok_3ds',
      lostAnswer: 'tok_timeout_charged',
      lostRequest: 'tok_timeout_not_charged',
    },
    answerChallenge: async (action, approve) => {
      const answer = await submit(pageOf(action), { decision: approve ? 'approve' : 'decline' })
      assert.equal(answer.status, 303)
    },
    giveCard: async (action) => {
      const answer = await submit(pageOf(action), { number: '4242 4242 4242 4242', expiry: '12 / 40', cvc: '123' })
      assert.equal(answer.status, 303)
    },
    callback: async (providerPaymentId) => {
      const [first] = await shop.webhooks(providerPaymentId)
      return first ?? assert.fail()
    },
    loseCallbacks: async () => void (await shop.call('PUT', '/test/behavior', { webhooks: { drop: true } })),
    sign: shop.sign,
    stop: shop.stop,
  }
})
