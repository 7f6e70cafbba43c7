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

export type Event = { cancel(): void }

type Entry = Event & {
  at: number
  readonly order: number
  readonly life: Life
  /** Something that looks whether there is work, again and again. It may be put off while there is none. */
  readonly isPoll: boolean
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
  after(delayMs: number, act: () => unknown, options?: { life?: Life; isPoll?: boolean }): Event
  /** Lets everything happen until there is nothing to do but to look for work that is not there, or `isOver` says so. */
  run(isOver: () => boolean): Promise<void>
}

/** What is left to the real world: letting what was just resumed run on until all of it waits again. */
const nextTurn = setImmediate
const untilAllWaits = () => new Promise((resolve) => nextTurn(resolve))

/** Every run begins at the same moment, some day in a January. */
const beginning = Date.UTC(2031, 0, 15, 12)

/**
 * @param nextDue when somebody would find work if he looked, in epoch milliseconds; null when nothing is due any more
 */
export function createTimeline(nextDue: () => Promise<number | null>): Timeline {
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

  /** Nobody looks for work before there is some: everything that only looks is put off till then, in its order. */
  const putOffPolls = async (first: Entry): Promise<'nothing-left' | 'put-off' | 'due'> => {
    const due = await nextDue()
    const other = queue.find(({ isPoll, life }) => !isPoll && !life.isOver)
    const wakesAt = Math.min(due ?? Number.POSITIVE_INFINITY, other?.at ?? Number.POSITIVE_INFINITY)
    if (wakesAt === Number.POSITIVE_INFINITY) return 'nothing-left'
    const byMs = wakesAt - first.at
    if (byMs <= 0) return 'due'
    const polls = queue.filter(({ isPoll, at }) => isPoll && at < wakesAt)
    for (const poll of polls) queue.splice(queue.indexOf(poll), 1)
    for (const poll of polls) {
      poll.at += byMs
      insert(poll)
    }
    return 'put-off'
  }

  return {
    now: () => now,
    steps: () => steps,
    after(delayMs, act, { life = currentLife(), isPoll = false } = {}) {
      const resume = AsyncLocalStorage.snapshot()
      added += 1
      const entry: Entry = {
        at: now + Math.max(0, delayMs),
        order: added,
        life,
        isPoll,
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
        if (next.isPoll) {
          const found = await putOffPolls(next)
          if (found === 'nothing-left') return
          if (found === 'put-off') continue
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
