import type { InvariantCheck } from '#kernel/invariants'
import type { Buyers } from './buyers.ts'
import type { Goods, Staff } from './goods.ts'
import type { Http } from './http.ts'
import type { Journal } from './journal.ts'
import type { Provider } from './provider.ts'
import type { ProvingGround } from './proving-ground.ts'
import type { Random } from './random.ts'

/** What was judged, by whomever: an invariant of `stoa verify`, a page of the journal, or a fault's own question. */
export type Finding = Pick<InvariantCheck, 'invariant' | 'what' | 'checked' | 'violations'>

/** What a fault works with. */
export type Stage = {
  readonly ground: ProvingGround
  readonly provider: Provider
  readonly http: Http
  readonly buyers: Buyers
  readonly journal: Journal
  readonly goods: Goods
  readonly staff: Staff
  /** Chances of this fault's own. */
  readonly random: Random
  /** How long faults of no length of their own last. */
  readonly seconds: number
  /** Says what was done, for the report's time line. */
  readonly note: (text: string) => void
}

/** Ends the fault. What it found out by itself is judged beside the invariants. */
export type Heal = () => Promise<readonly Finding[]>

/** Something that goes wrong. */
export type Fault = {
  readonly name: string
  /** The rows of the list of faults that it covers: F1 … F33. */
  readonly rows: readonly string[]
  readonly what: string
  /** Begins it. The shop is under load. */
  readonly inject: (stage: Stage) => Promise<Heal>
  /** Lasts at least so long; shorter it would not be this fault. */
  readonly secondsAtLeast?: number
  /** It is over as soon as it has happened, and all that lasts is what follows from it. */
  readonly momentary?: true
  /** From its end to the first order that is acknowledged to a buyer who came since it began. */
  readonly backWithinSeconds: number
  /** Requests that may fail, in parts of all; none for what an operator does on purpose. */
  readonly mayFail?: number
  /** Orders are acknowledged while it lasts, to buyers who came since it began. */
  readonly sellsMeanwhile?: true
  /** It is the broker's: in a run with it, events go by NATS. */
  readonly byBroker?: true
  /** Why it cannot be done on this machine; null when it can. */
  readonly unable?: () => Promise<string | null>
}

/** Several faults at one moment, as if each were not enough. */
export function together(faults: readonly Fault[]): Fault {
  const [first, ...others] = faults
  if (!first || others.length === 0) throw new Error('chaos: one fault is not several')
  return {
    name: faults.map(({ name }) => name).join('+'),
    rows: [...new Set(faults.flatMap(({ rows }) => rows))],
    what: faults.map(({ what }) => what).join('; and '),
    secondsAtLeast: Math.max(...faults.map(({ secondsAtLeast }) => secondsAtLeast ?? 0)),
    backWithinSeconds: Math.max(...faults.map(({ backWithinSeconds }) => backWithinSeconds)),
    ...(faults.some(({ byBroker }) => byBroker) ? { byBroker: true } : {}),
    async unable() {
      for (const { unable } of faults) {
        const reason = await unable?.()
        if (reason) return reason
      }
      return null
    },
    async inject(stage) {
      const heals: Heal[] = []
      for (const { inject } of faults) heals.push(await inject(stage))
      return async () => (await Promise.all(heals.map((heal) => heal()))).flat()
    },
  }
}

/** Does `act` again and again, with seeded pauses, until the fault is over. */
export function repeatedly(stage: Stage, meanPauseMs: number, act: () => Promise<void>): { end(): Promise<void> } {
  const ending = Promise.withResolvers<void>()
  const acting = (async () => {
    let over = false
    void ending.promise.then(() => {
      over = true
    })
    while (!over) {
      await act()
      const pauseMs = Math.max(meanPauseMs / 4, Math.min(stage.random.pause(meanPauseMs), meanPauseMs * 2))
      const timer = Promise.withResolvers<void>()
      const handle = setTimeout(timer.resolve, pauseMs)
      await Promise.race([timer.promise, ending.promise])
      clearTimeout(handle)
    }
  })()
  return {
    end() {
      ending.resolve()
      return acting
    },
  }
}

/** A check of a fault's own. */
export const check = (what: string, checked: number, violations: readonly string[]): Finding => ({
  invariant: 'fault',
  what,
  checked,
  violations: [...violations],
})
