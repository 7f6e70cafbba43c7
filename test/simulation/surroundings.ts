import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'
import type { Random } from './random.ts'
import { currentLife, currentSource, type Event, type Timeline } from './timeline.ts'

/** Intervals as long as this look for work that somebody may have left; shorter ones wait for something. */
const looksFromMs = 1_000

/**
 * Puts simulated time and seeded randomness in the place of the process' own: clocks, timers, `Math.random` and the random
 * bytes of `node:crypto`. The services' code runs as it is and cannot tell; a clock that is read in a new place is simulated
 * without anybody having to think of it.
 * @returns puts the real ones back
 */
export function surround(timeline: Timeline, random: Random, isCalm: () => boolean): () => void {
  const restore: (() => void)[] = []
  const replace = <T extends object, K extends keyof T>(target: T, name: K, value: unknown): void => {
    const before = target[name]
    target[name] = value as T[K]
    restore.push(() => {
      target[name] = before
    })
  }

  replace(Date, 'now', () => timeline.now() + (isCalm() ? 0 : currentLife().skewMs))
  replace(performance, 'now', () => timeline.now())
  replaceTimers(timeline, replace)
  // Bytes are drawn apart: libraries keep some of them from one run to the next, and so ask at other times.
  const draws = (kind: string) => {
    let drawn = 0
    return (): number => {
      drawn += 1
      return random.share(`${kind} ${drawn}`)
    }
  }
  replace(Math, 'random', draws('chance'))
  const byte = draws('byte')
  const fill = <B extends Uint8Array>(bytes: B): B => bytes.map(() => Math.floor(byte() * 256)) as B
  replace(crypto, 'randomBytes', (size: number) => Buffer.from(fill(new Uint8Array(size))))
  replace(crypto, 'randomFillSync', (bytes: Uint8Array) => {
    bytes.set(fill(bytes))
    return bytes
  })
  syncBuiltinESMExports()
  return () => {
    for (const one of restore.reverse()) one()
    syncBuiltinESMExports()
  }
}

type Replace = <T extends object, K extends keyof T>(target: T, name: K, value: unknown) => void

function replaceTimers(timeline: Timeline, replace: Replace): void {
  const setTimeout = (act: (...values: unknown[]) => void, ms = 1, ...values: unknown[]) =>
    handleOf([timeline.after(ms, () => void act(...values))])
  const setInterval = (act: () => void, ms = 1) => {
    const events: Event[] = []
    const looksFor = ms >= looksFromMs ? currentSource() : null
    const tick = (): void => {
      const next = (): void => {
        tick()
        act()
      }
      events[0] = timeline.after(ms, next, { looksFor })
    }
    tick()
    return handleOf(events)
  }
  const clear = (handle: ReturnType<typeof handleOf> | null | undefined): void => handle?.close()
  replace(globalThis, 'setTimeout', setTimeout)
  replace(globalThis, 'setInterval', setInterval)
  replace(globalThis, 'setImmediate', (act: () => void) => handleOf([timeline.after(0, () => void act())]))
  replace(globalThis, 'clearTimeout', clear)
  replace(globalThis, 'clearInterval', clear)
  replace(globalThis, 'clearImmediate', clear)
  replace(timersPromises, 'setTimeout', (ms: number) => new Promise<void>((resolve) => setTimeout(() => resolve(), ms)))
  replace(AbortSignal, 'timeout', (ms: number) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('The operation timed out.', 'TimeoutError')), ms)
    return controller.signal
  })
}

/** What a timer answers with: nothing holds a simulated process open. */
function handleOf(events: readonly Event[]) {
  const handle = {
    ref: () => handle,
    unref: () => handle,
    hasRef: () => false,
    close: () => {
      for (const event of events) event.cancel()
    },
  }
  return handle
}
