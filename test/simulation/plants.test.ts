import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Plant, type PlantName, plants, withPlant } from './plants.ts'
import { type Run, run } from './run.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import { shrink, tell } from './shrink.ts'
import { simulatedPostgres } from './test-postgres.ts'

/**
 * Where the search begins: a little before the first seed that `npm run simulate -- --plant all` finds from 0 on. When services or
 * the simulation change, other seeds find the bugs, and these are named anew.
 */
const nearSeeds: Record<PlantName, number> = {
  'publish-before-commit': 20,
  'compensate-on-time-out': 2,
  'cart-without-key': 90,
  'event-handled-twice': 20,
  'key-for-each-try': 0,
  'provider-not-told': 35,
  'gift-card-before-attempt': 80,
  'gift-card-spent-twice': 80,
  'answer-before-decision': 0,
  'claim-unseen': 525,
}
const seedsTried = 40

describe('what the simulation finds', () => {
  const postgres = simulatedPostgres()

  /** @param check what has to be broken first, or how its name begins */
  const find = async (name: PlantName, plant: Plant, check = ''): Promise<Run> => {
    const from = nearSeeds[name]
    for (let seed = from; seed < from + seedsTried; seed++) {
      const one = await run(postgres(), scenarioOf(seed), plant)
      if (one.broken[0]?.check.startsWith(check)) return one
    }
    assert.fail(`none of ${seedsTried} seeds from ${from} found ${name}`)
  }

  for (const name of Object.keys(plants) as PlantName[]) {
    test(`${name}: ${plants[name].mistake}`, async (t) => {
      const { scenario, broken } = await withPlant(postgres(), name, (plant) => find(name, plant))
      t.diagnostic(`seed ${scenario.seed}: ${broken[0]?.check}`)
      // It is the plant that was found: without it the same seed breaks nothing.
      assert.deepEqual((await run(postgres(), scenario)).broken, [])
    })
  }

  test('a run that fails is shrunk to one that fails in the same way, replays, and can be read', async () => {
    const name = 'compensate-on-time-out'
    await withPlant(postgres(), name, async (plant) => {
      const attempt = (scenario: Scenario): Promise<Run> => run(postgres(), scenario, plant)
      const failed = await find(name, plant, 'I2')
      const small = await shrink(failed, attempt)
      assert.ok(small.broken.some(({ check }) => check === failed.broken[0]?.check))
      const parts = ({ scenario }: Run): number => scenario.actors.length + scenario.faults.length
      assert.ok(parts(small) < parts(failed))
      assert.ok(small.scenario.faults.includes('silent-provider'))
      assert.ok(small.steps < failed.steps)
      const again = await attempt(small.scenario)
      assert.equal(again.fingerprint, small.fingerprint)
      assert.match(tell(again), /provider: authorize .order \d. → (authorized|captured).*BROKEN I2/s)
    })
  })
})
