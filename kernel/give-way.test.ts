import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alone, givingWay } from '#kernel/give-way'

/** @returns how long a rest took, in milliseconds */
async function rested(isDue: boolean, workedMs: number, times: number): Promise<number> {
  const since = performance.now()
  await givingWay(() => isDue).rest(workedMs, times)
  return performance.now() - since
}

test('rests as many times as long as it worked, never longer than half a second, and only while somebody would wait', async () => {
  const short = await rested(true, 20, 5)
  assert.ok(short >= 99 && short < 400, `${short} ms`)
  const long = await rested(true, 10_000, 5)
  assert.ok(long >= 499 && long < 2_000, `${long} ms`)
  const none = await rested(false, 10_000, 5)
  assert.ok(none < 100, `${none} ms`)
  assert.equal(alone.isDue(), false)
})
