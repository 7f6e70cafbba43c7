import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose work something is. When a process dies, all that it had under way ends with its life. */
export type Life = {
  readonly name: string
  isOver: boolean
  /** How far its wall clock is off, in milliseconds. */
  skewMs: number
}

/** Who is not part of the shop, and never dies: shoppers, staff, the payment provider, the network. */
export const outside: Life = { name: 'outside', isOver: false, skewMs: 0 }

const lives = new AsyncLocalStorage<Life>()
export const currentLife = (): Life => lives.getStore() ?? outside
/** Runs `work` as part of a life: its timers and statements end with it. */
export const within = <R>(life: Life, work: () => R): R => lives.run(life, work)

const sources = new AsyncLocalStorage<string>()
/** Where the intervals that are set now look for work. */
export const currentSource = (): string | null => sources.getStore() ?? null
export const lookingFor = <R>(source: string, work: () => R): R => sources.run(source, work)

export type Event = { cancel(): void }

type Entry = Event & {
  at: number
  readonly order: number
  readonly life: Life
  /** Where it looks for work, again and again; null for what happens but once. While there is none there, nobody looks. */
  readonly looksFor: string | null
  readonly act: () => unknown
}

/**
 * Simulated time. All that happens is an event on it; between two events nothing is under way, so the order of events is the
 * whole schedule. Every await of the services ends in an event: a statement, a call, an answer, a timer.
 */
export type Timeline = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Events so far. */
  readonly steps: () => number
  /** Adds an event for the life of whoever asks, or for `life`. Events at the same time come in the order they were added. */
  after(delayMs: number, act: () => unknown, options?: { life?: Life; looksFor?: string | null }): Event
  /** Lets everything happen until there is nothing to do but to look for work that is not there, or `isOver` says so. */
  run(isOver: () => boolean): Promise<void>
}

/** What is left to the real world: letting what was just resumed run on until all of it waits again. */
const nextTurn = setImmediate
const untilAllWaits = () => new Promise((resolve) => nextTurn(resolve))

/** How often those who look for work do. */
const lookEveryMs = 1_000

/** Every run begins at the same moment, some day in a January. */
const beginning = Date.UTC(2031, 0, 15, 12)

/** Where there is work, and when somebody would find it who looked there, in epoch milliseconds. */
export type Due = ReadonlyMap<string, number>

/** @param nextDue where work waits or will wait; what is missing there has none, now and later, unless something happens */
export function createTimeline(nextDue: () => Promise<Due>): Timeline {
  const queue: Entry[] = []
  let now = beginning
  let steps = 0
  let added = 0

  const insert = (entry: Entry): void => {
    let low = 0
    let high = queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = queue[middle] as Entry
      if (other.at < entry.at || (other.at === entry.at && other.order < entry.order)) low = middle + 1
      else high = middle
    }
    queue.splice(low, 0, entry)
  }

  /**
   * Nobody looks for work where there is none: whoever would is put off by whole periods till there may be some, for what
   * happens next or for what is due.
   * @returns whether there is work where `entry` looks; null when nothing will ever happen any more
   */
  const findsWork = async (entry: Entry): Promise<boolean | null> => {
    const due = await nextDue()
    const here = due.get(entry.looksFor ?? '') ?? Number.POSITIVE_INFINITY
    if (here <= entry.at) return true
    const happens =
      queue.find(({ looksFor, life }) => looksFor === null && !life.isOver)?.at ?? Number.POSITIVE_INFINITY
    if (happens === Number.POSITIVE_INFINITY && due.size === 0) return null
    // Nothing else happens before: then it is known when it pays to look. Else only that it does not now.
    const next = Math.min(happens, ...due.values())
    queue.splice(queue.indexOf(entry), 1)
    const periods = Math.max(1, Math.ceil((Math.min(here, next) - entry.at) / lookEveryMs))
    entry.at += periods * lookEveryMs
    insert(entry)
    return false
  }

  return {
    now: () => now,
    steps: () => steps,
    after(delayMs, act, { life = currentLife(), looksFor = null } = {}) {
      const resume = AsyncLocalStorage.snapshot()
      added += 1
      const entry: Entry = {
        at: now + Math.max(0, delayMs),
        order: added,
        life,
        looksFor,
        act: () => resume(act),
        cancel() {
          const index = queue.indexOf(entry)
          if (index >= 0) queue.splice(index, 1)
        },
      }
      insert(entry)
      return entry
    },
    async run(isOver) {
      await untilAllWaits()
      while (!isOver()) {
        const [next] = queue
        if (!next) return
        if (next.life.isOver) {
          queue.shift()
          continue
        }
        if (next.looksFor !== null) {
          const finds = await findsWork(next)
          if (finds === null) return
          if (!finds) continue
        }
        queue.shift()
        now = Math.max(now, next.at)
        steps += 1
        await next.act()
        await untilAllWaits()
      }
    },
  }
}
