import type { hostContract } from '../../../../kernel/health.ts'
import type { Answer } from '../api.ts'

export type Health = Answer<typeof hostContract, 'health'>

/** People who were turned away longer ago than that do not concern who looks now, in milliseconds. */
const turnedAwayLatelyMs = 10 * 60_000

type Trouble = { readonly what: string; readonly meanwhile: string }

/** Each trouble once, however many processes see it. */
export function troublesOf({ processes, silent }: Health, now: number): readonly Trouble[] {
  const found = new Map<string, string>()
  for (const name of silent)
    found.set(`The ${name} service does not answer.`, 'It may be starting, or its process ended.')
  for (const { dependencies, admission, events = [] } of processes) {
    if (events.some(({ dead }) => dead > 0))
      found.set('Some events could not be handled, and were given up.', 'Undelivered events says which, and why.')
    for (const { name, kind, state, fallback } of dependencies) {
      const title = kind === 'service' ? `The ${name} service` : `The ${name}`
      if (state !== 'closed') found.set(`${title} is in trouble.`, fallback)
    }
    const last = admission.lastTurnedAwayAt
    if (last !== null && now - Date.parse(last) < turnedAwayLatelyMs)
      found.set(
        'More people come than can be served.',
        'Some are asked to come back in a moment; who pays is served first.',
      )
  }
  return [...found].map(([what, meanwhile]) => ({ what, meanwhile }))
}
