import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { test } from 'node:test'
import { hashPassword, verifyPassword } from './passwords.ts'

/** How async_hooks names the work of the hashing library, which gives it no name. */
const hashing = 'undefined'

test('a burst of sign-ins makes four hashes at once, and all of them in the end', async () => {
  const stored = await hashPassword('a walk along the harbour')
  const running = new Set<number>()
  let [begun, most] = [0, 0]
  const hook = createHook({
    init(id, type) {
      if (type !== hashing) return
      begun += 1
      running.add(id)
      most = Math.max(most, running.size)
    },
    // Called when a hash is done, right before its promise is settled.
    before: (id) => void running.delete(id),
  }).enable()
  const verdicts = await Promise.all(
    Array.from({ length: 6 }, (_, n) => [
      verifyPassword(stored, n === 0 ? 'a walk along the harbour' : 'another one'),
      hashPassword(`a new one ${n}`).then((hash) => hash.startsWith('$argon2id$')),
    ]).flat(),
  )
  hook.disable()
  assert.deepEqual([begun, most], [12, 4])
  assert.deepEqual(
    verdicts,
    Array.from({ length: 12 }, (_, n) => n === 0 || n % 2 === 1),
  )
})
