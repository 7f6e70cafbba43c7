import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { run } from './run.ts'
import { scenarioOf } from './scenario.ts'
import { shrink, tell } from './shrink.ts'
import { simulatedPostgres } from './test-postgres.ts'

/** Enough to meet each kind of trouble many times; the night has 10,000: `npm run simulate`. */
const seeds = 500
/**
 * They take a minute or two beside other tests. By then since the process began the test says how far it came, and fails: the test runner
 * ends a file after 300 s, and would not say.
 */
const untilMs = 270_000

describe('checkout, simulated', () => {
  const postgres = simulatedPostgres()

  test('a seed goes the same way every time, and another seed another way', async () => {
    const fingerprints = async (): Promise<string[]> => {
      const found: string[] = []
      for (const seed of [3, 14, 15, 92, 65]) found.push((await run(postgres(), scenarioOf(seed))).fingerprint)
      return found
    }
    const first = await fingerprints()
    assert.deepEqual(await fingerprints(), first)
    assert.equal(new Set(first).size, first.length)
  })

  test(`${seeds} seeds leave a shop in which everything holds`, async (t) => {
    const began = performance.now()
    let done = 0
    for (; done < seeds && performance.now() < untilMs; done++) {
      const one = await run(postgres(), scenarioOf(done))
      if (one.broken.length > 0) assert.fail(tell(await shrink(one, (scenario) => run(postgres(), scenario))))
    }
    const perSecond = (done * 1_000) / (performance.now() - began)
    const told = `${done} of ${seeds} seeds, ${perSecond.toFixed(1)} a second`
    t.diagnostic(told)
    assert.equal(done, seeds, `there was time for ${told}`)
  })
})
