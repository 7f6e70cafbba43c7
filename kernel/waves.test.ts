import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { currentCall, serviceCall, withCall } from './call.ts'
import { inWaves } from './waves.ts'

/** Work that is done when it is told so. @returns what has begun, in its order */
function trial(waitedForMs = 60_000) {
  const together = inWaves({ atOnce: 2, waitedForMs })
  const begun: string[] = []
  const ends = new Map<string, (outcome: Promise<string>) => void>()
  const come = (name: string): Promise<string> =>
    together(() => {
      begun.push(name)
      return new Promise((end) => ends.set(name, end))
    })
  const finish = async (...names: string[]): Promise<void> => {
    for (const name of names) ends.get(name)?.(Promise.resolve(name))
    await settled()
  }
  return { begun, come, finish, fail: (name: string) => ends.get(name)?.(Promise.reject(new Error(name))) }
}

async function settled(): Promise<void> {
  for (let n = 0; n < 3; n++) await turn()
}

test('whoever comes while two waves are under way begins with all others who do, when one of the two is over', async () => {
  const { begun, come, finish } = trial()
  const first = [come('a'), come('b')]
  await settled()
  const second = come('c')
  await settled()
  assert.deepEqual(begun, ['a', 'b', 'c'], 'nobody waits while few are there')
  const third = [come('d'), come('e')]
  await settled()
  assert.equal(begun.length, 3)
  await finish('a')
  assert.equal(begun.length, 3, 'b is of the same wave, and under way')
  await finish('b')
  assert.deepEqual(begun.slice(3), ['d', 'e'])
  await finish('c', 'd', 'e')
  assert.deepEqual(await Promise.all([...first, second, ...third]), ['a', 'b', 'c', 'd', 'e'])
})

test('a wave is not waited for any longer than that, whatever one of it waits for', async () => {
  const { begun, come, finish } = trial(50)
  const slow = [come('a')]
  await settled()
  slow.push(come('b'))
  await settled()
  slow.push(come('c'))
  await settled()
  assert.deepEqual(begun, ['a', 'b'])
  await pause(80)
  assert.deepEqual(begun, ['a', 'b', 'c'])
  await finish('a', 'b')
  slow.push(come('d'))
  await settled()
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'], 'one that ends later frees no second place')
  slow.push(come('e'))
  await settled()
  assert.equal(begun.length, 4)
  await finish('c', 'd')
  await finish('e')
  assert.deepEqual(await Promise.all(slow), ['a', 'b', 'c', 'd', 'e'])
})

test('work that fails ends its wave, and each runs in the call that it came with', async () => {
  const { begun, come, fail } = trial()
  const failed = ['a', 'b'].map(async (name) => {
    const one = assert.rejects(come(name), { message: name })
    await settled()
    return one
  })
  await settled()
  fail('a')
  fail('b')
  await Promise.all(await Promise.all(failed))
  const together = inWaves({ atOnce: 1, waitedForMs: 60_000 })
  const traces = await Promise.all(
    [1, 2, 3].map((n) => {
      const call = serviceCall(`service-${n}`, { timeoutMs: 1_000 })
      return withCall(call, () => together(async () => currentCall()?.traceId === call.traceId))
    }),
  )
  assert.deepEqual(traces, [true, true, true])
  assert.deepEqual(begun, ['a', 'b'])
})
