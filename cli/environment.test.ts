import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironment } from './environment.ts'

test('the sandbox provider may run alone, and then needs nobody’s address', () => {
  assert.deepEqual([...readEnvironment({ STOA_SERVICES: 'sandbox' }).services], ['sandbox'])
  assert.throws(() => readEnvironment({ STOA_SERVICES: 'sandbox,shipping' }), {
    message: /^no address of identity, catalog, .*: set STOA_IDENTITY_URL, /,
  })
  assert.throws(() => readEnvironment({ STOA_SERVICES: 'sandbox,warehouse' }), {
    message: /^there is no service "warehouse"; services are identity, .*, edge, sandbox$/,
  })
})
