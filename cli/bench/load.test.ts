import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { measureLoad, unansweredAtMost } from './load.ts'

test('who is not even begun, since so many wait, has failed', async () => {
  const came = 3 * unansweredAtMost
  let begun = 0
  const { visits, failed, failures } = await measureLoad(
    { seconds: 60, load: { aSecond: 20 * unansweredAtMost }, visitsAtMost: came },
    async () => {
      begun += 1
      await pause(2_000)
    },
  )
  assert.equal(begun, unansweredAtMost)
  assert.equal(visits, unansweredAtMost)
  assert.equal(failed, came - unansweredAtMost)
  assert.deepEqual(failures, { [`not begun: ${unansweredAtMost} waited`]: failed })
})

test('who fails is told by the reason, and is not among those whose wait is told', async () => {
  const { visits, failed, failures, latency } = await measureLoad(
    { seconds: 60, load: { aSecond: 1_000 }, visitsAtMost: 30 },
    async (n) => {
      if (n % 3 !== 0) return
      await pause(300)
      throw new Error('503 too-busy')
    },
  )
  assert.deepEqual({ visits, failed, failures }, { visits: 20, failed: 10, failures: { '503 too-busy': 10 } })
  assert.ok(latency.most < 300, `${latency.most} ms`)
})
