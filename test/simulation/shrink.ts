import type { Run } from './run.ts'
import { faultKinds, type Scenario } from './scenario.ts'

/**
 * Finds a smaller run that fails in the same way: without the people and the faults that it does not need, and calm as soon as the
 * harm is done. Each is left out by itself, which works because answers of the seed do not depend on what else is asked.
 * @param failed a run that broke something
 * @param attempt runs a scenario
 */
export async function shrink(failed: Run, attempt: (scenario: Scenario) => Promise<Run>): Promise<Run> {
  const check = failed.broken[0]?.check
  let smallest = failed
  const fails = async (scenario: Scenario): Promise<boolean> => {
    const run = await attempt(scenario)
    if (!run.broken.some((one) => one.check === check)) return false
    smallest = run
    return true
  }
  // What was needed may not be any more, once something else is gone.
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const actor of smallest.scenario.actors) {
      const actors = smallest.scenario.actors.filter((one) => one !== actor)
      if (await fails({ ...smallest.scenario, actors })) isSmaller = true
    }
    for (const kind of faultKinds.filter((one) => smallest.scenario.faults.includes(one))) {
      const faults = smallest.scenario.faults.filter((one) => one !== kind)
      if (await fails({ ...smallest.scenario, faults })) isSmaller = true
    }
  }
  let calmAtLeast = 0
  let failsAt = smallest.steps
  while (failsAt - calmAtLeast > 1) {
    const middle = Math.floor((calmAtLeast + failsAt) / 2)
    if (await fails({ ...smallest.scenario, calmAfterStep: middle })) failsAt = middle
    else calmAtLeast = middle
  }
  return smallest
}

/** A run as a person reads it: what it was made of, every step, and what was broken. */
export function tell({ scenario, broken, story, fingerprint, steps }: Run): string {
  const { seed, together, capture, stock, couponLimit, giftCards, actors, faults, calmAfterStep } = scenario
  return [
    `seed ${seed}, ${steps} steps, ${fingerprint}`,
    `services ${together ? 'in one process' : 'apart'}, capture ${capture}, stock ${stock.join('/')}, coupon for ${couponLimit}, gift cards of ${giftCards.join('/')}`,
    `faults: ${faults.join(', ') || 'none'}${calmAfterStep === null ? '' : `, until step ${calmAfterStep}`}`,
    ...actors.map(({ kind, ...actor }) => `${kind} ${JSON.stringify(actor)}`),
    ...story,
    ...broken.map(({ check, detail }) => `BROKEN ${check}: ${detail}`),
  ].join('\n')
}
