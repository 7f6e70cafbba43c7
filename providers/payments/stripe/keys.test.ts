import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStripeKeys } from './keys.ts'

const keys = {
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
}
const faultsOf = (changes: Record<string, string | undefined>, demo = false): readonly string[] => {
  const read = readStripeKeys({ ...keys, ...changes }, demo)
  return 'faults' in read ? read.faults : []
}

test('keys are read, and two webhook secrets while one replaces the other', () => {
  assert.deepEqual(readStripeKeys({ ...keys, STRIPE_WEBHOOK_SECRET: ' whsec_1, whsec_2 ' }, true), {
    isLive: false,
    secretKey: 'sk_test_1',
    publishableKey: 'pk_test_1',
    webhookSecrets: ['whsec_1', 'whsec_2'],
  })
})

test('all that is missing is named in one line', () => {
  const read = readStripeKeys({ STRIPE_SECRET_KEY: '  ' }, false)
  assert.deepEqual('faults' in read && read.faults, [
    'payments/providers names "stripe", so STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY and STRIPE_WEBHOOK_SECRET must be set',
  ])
})

test('what is no key is refused by name, and is not told', () => {
  const faults = faultsOf({ STRIPE_SECRET_KEY: 'pk_test_mistaken', STRIPE_WEBHOOK_SECRET: 'whsec_1,whsec_2,whsec_3' })
  assert.equal(faults.length, 2)
  assert.doesNotMatch(faults.join(), /mistaken|whsec_1/)
})

test('live and test keys are not mixed, and no live key is used in demo mode or told to a stand-in', () => {
  assert.match(faultsOf({ STRIPE_SECRET_KEY: 'sk_live_1' }).join(), /of one mode/)
  const live = { STRIPE_SECRET_KEY: 'rk_live_1', STRIPE_PUBLISHABLE_KEY: 'pk_live_1' }
  assert.deepEqual(faultsOf(live), [])
  assert.match(faultsOf(live, true).join(), /STOA_DEMO=off/)
  assert.match(faultsOf({ ...live, STRIPE_API_URL: 'http://127.0.0.1:1' }).join(), /a live key goes to Stripe alone/)
  assert.deepEqual(faultsOf({ STRIPE_API_URL: 'http://127.0.0.1:1' }), [])
})
