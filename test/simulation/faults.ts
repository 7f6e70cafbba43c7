import type { Random } from './random.ts'
import type { FaultKind, Scenario } from './scenario.ts'
import type { Life, Timeline } from './timeline.ts'

/** What goes wrong, and how long things take. The same question in the same run has the same answer in every replay. */
export type Faults = {
  /** Until then nothing goes wrong, so that every run begins with the same shop. */
  unleash(): void
  /** From here on nothing goes wrong any more. */
  calm(): void
  readonly isCalm: () => boolean
  /** How long a message is on its way, in milliseconds. */
  onTheWayMs(what: string): number
  /** The same to the provider. What the shop has given up by then does not arrive any more: see decision 0024. */
  toProviderMs(what: string): number
  /** How long a statement takes to reach the database. */
  statementMs(what: string): number
  losesRequest(what: string): boolean
  losesAnswer(what: string): boolean
  /** Whether whoever asks is told to come again, before anything is done. */
  turnsAway(what: string): boolean
  choose(count: number, what: string): number
  /** Told after each thing that was done for a process: it may die before it hears of it. */
  mayCrash(life: Life, what: string): void
  /** What a provider does with a call. */
  providerFails(what: string): 'before' | 'after' | null
  /** After how many milliseconds each copy of a callback comes; none when it is lost. */
  callbackCopiesMs(what: string): readonly number[]
  /** How far a process' clock is off. */
  skewMs(what: string): number
}

/** Crashes a run: more would only be the same again. */
const crashesAtMost = 3
/** A shop in which nothing ends for so long would hide what happens when things end. */
const calmAfterMs = 20 * 60_000

/** Less than the payments service waits until it takes a request for lost: `abandonedAfterSeconds`. */
const toProviderAtMostMs = 9_000

export function faultsOf(
  scenario: Scenario,
  random: Random,
  timeline: Timeline,
  crash: (life: Life, why: string) => void,
): Faults {
  const asked = new Map<string, number>()
  /** Tells the same question in a later moment apart. */
  const again = (question: string): string => {
    const count = (asked.get(question) ?? 0) + 1
    asked.set(question, count)
    return `${question} ${count}`
  }
  let began = timeline.now()
  const crashChance = random.pick([0.002, 0.005, 0.012], 'how often processes die')
  let isCalm = true
  let crashes = 0
  const calmNow = (): boolean =>
    isCalm ||
    (scenario.calmAfterStep !== null && timeline.steps() > scenario.calmAfterStep) ||
    timeline.now() - began > calmAfterMs
  const on = (kind: FaultKind): boolean => scenario.faults.includes(kind) && !calmNow()

  const delayMs = (what: string, usualMs: number): number => {
    const question = again(`delay of ${what}`)
    if (on('delays')) {
      const luck = random.share(`${question}: how long`)
      if (luck < 0.003) return random.between(5_000, 45_000, question)
      if (luck < 0.015) return random.between(500, 5_000, question)
      if (luck < 0.08) return random.between(10, 400, question)
    }
    return random.between(0, usualMs, question)
  }

  return {
    unleash() {
      isCalm = false
      began = timeline.now()
    },
    calm() {
      isCalm = true
    },
    isCalm: calmNow,
    onTheWayMs: (what) => delayMs(what, 4),
    toProviderMs: (what) => Math.min(delayMs(what, 4), toProviderAtMostMs),
    statementMs: (what) => delayMs(what, 2),
    losesRequest: (what) => on('lost-calls') && random.happens(0.02, again(`request of ${what} is lost`)),
    losesAnswer: (what) => on('lost-calls') && random.happens(0.02, again(`answer to ${what} is lost`)),
    turnsAway: (what) => on('turned-away') && random.happens(0.15, again(`${what} is turned away`)),
    choose: (count, what) => random.between(0, count - 1, again(`who does ${what}`)),
    mayCrash(life, what) {
      if (!on('crashes') || life.isOver || crashes >= crashesAtMost) return
      if (!random.happens(crashChance, again(`${life.name} dies at ${what}`))) return
      crashes += 1
      crash(life, what)
    },
    providerFails(what) {
      if (!on('silent-provider')) return null
      const luck = random.share(again(`the provider at ${what}`))
      return luck < 0.12 ? 'before' : luck < 0.27 ? 'after' : null
    },
    callbackCopiesMs(what) {
      const usually = [random.between(1, 2_000, again(`callback ${what}`))]
      if (!on('odd-callbacks')) return usually
      const copies = random.pick([0, 0, 1, 1, 2, 4], again(`copies of callback ${what}`))
      return Array.from({ length: copies }, (_, copy) =>
        random.between(1, copy === 0 ? 5_000 : 240_000, again(`copy of callback ${what}`)),
      )
    },
    skewMs: (what) => (on('clocks') ? random.between(-3_000, 3_000, again(`clock of ${what}`)) : 0),
  }
}
