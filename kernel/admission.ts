import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Importance, importances } from './call.ts'

/**
 * Admission control of a process: what more can be done now, and who is turned away when all want more than that.
 *
 * - **Seats.** So many requests run beside each other. Their number follows the standing queue behind them: it shrinks by a
 *   factor while the event loop, or a pool's connections, let everybody wait longer than `targetMs`, and grows while they do not
 *   and somebody waits (the delay is the measure and not the length: Nichols and Jacobson, Controlling Queue Delay, 2012).
 * - **Waiting.** Who finds no seat waits, the most important first. There are as many places to wait as can be seated in good
 *   time, by how many were seated in the last moments (Little's law: places = rate × time): so who would wait in vain is told so
 *   on arrival and not after a time-out.
 * - **Importance.** What is needed least is turned away first, and everything a request causes inherits its importance, so that
 *   nobody is refused half-way (Zhou et al., Overload Control for Scaling WeChat Microservices, 2018). Some seats are for checkout
 *   only, and whoever pays waits first in line: they were let in with a cart before.
 */
export type Admission = {
  /**
   * Calls one of two functions, at once or later: `seated` when the request may run, `turnedAway` when it may not.
   * @returns to be called when the request is over, whatever became of it
   */
  enter(importance: Importance, seated: () => void, turnedAway: (retryAfterSeconds: number) => void): () => void
  /** Whether a request of this importance would run at once. */
  hasSeat(importance: Importance): boolean
  state(): AdmissionState
  close(): void
}

export type AdmissionState = {
  readonly seats: number
  readonly running: number
  readonly waiting: number
  /** Milliseconds that requests waited in the last moments, for the event loop or for a connection. */
  readonly delayMs: number
  /** Since the process started. */
  readonly turnedAway: Readonly<Record<Importance, number>>
  readonly lastTurnedAwayAt: string | null
}

/** How often the seats are counted anew. */
const intervalMs = 100
/** Between two looks at the event loop, in milliseconds. */
const resolutionMs = 10
/** A standing queue of this length keeps all busy. Behind a longer one, who is turned away is not told within 20 ms. */
const targetMs = 10
const shrink = 0.8
const growth = 1.1
/** Enough to keep all busy, also where most of the time goes into waiting: fewer sell less on a machine that is short of processor. */
const seatsAtLeast = 32
/** While nobody waits. A rush that begins at once puts so many beside each other before it is seen that they are too many. */
const seatsAtRest = 128
/** Where all wait for somebody else, as for a slow provider, and this process has little to do: what fits into memory. */
const seatsAtMost = 1_024
/** Seated a second, as long as it is not known better: a rush that passes in time finds room. */
const rateAtFirst = 64
/** How fast the rate follows what is seen, and places follow the rate downwards. */
const smoothing = 0.2
/** Somebody has to wait for it to be seen that seats come again. */
const placesAtLeast = 2
const placesAtMost = 512
/** As many may wait as are seated in this part of their patience: the rate is not the same all the time. */
const goodTime = 0.5

/** How long it is better to wait than to come again, in milliseconds. */
const patienceMs: Readonly<Record<Importance, number>> = {
  checkout: 8_000,
  cart: 4_000,
  account: 4_000,
  browsing: 1_000,
  background: 200,
}
/** The part of the seats that may be taken by requests of this importance and all that are needed less. */
const shareOf: Readonly<Record<Importance, number>> = {
  checkout: 1,
  cart: 0.75,
  account: 0.75,
  browsing: 0.5,
  background: 0.25,
}

type Visitor = {
  readonly seated: () => void
  readonly turnedAway: (retryAfterSeconds: number) => void
  readonly since: number
  place: 'waiting' | 'running' | 'gone'
}

type Room = {
  readonly importance: Importance
  readonly queue: Visitor[]
  running: number
  places: number
  turnedAway: number
  /** Seated since the last look, and a second. */
  seated: number
  rate: number
}

const placesAtFirst = (importance: Importance): number => (rateAtFirst * patienceMs[importance]) / 1_000

/** @param waits each tells the milliseconds that everybody waited at least for something beside the event loop */
export function createAdmission(waits: () => readonly number[] = () => []): Admission {
  const loop = loopDelay()
  const rooms = importances.map((importance): Room => {
    return {
      importance,
      queue: [],
      running: 0,
      places: placesAtFirst(importance),
      turnedAway: 0,
      seated: 0,
      rate: rateAtFirst,
    }
  })
  const rankOf = Object.fromEntries(importances.map((one, rank) => [one, rank])) as Record<Importance, number>
  let seats = seatsAtRest
  let delayMs = 0
  let lastTurnedAway: number | null = null
  let lastLook = performance.now()

  const isFree = (rank: number): boolean => {
    let taken = 0
    for (let one = rooms.length - 1; one >= 0; one--) {
      const { running, importance } = rooms[one] as Room
      taken += running
      if (one <= rank && taken >= Math.floor(seats * shareOf[importance])) return false
    }
    return true
  }

  const seat = (room: Room, visitor: Visitor): void => {
    visitor.place = 'running'
    room.running += 1
    room.seated += 1
    visitor.seated()
  }

  const turnAway = (room: Room, visitor: Visitor): void => {
    visitor.place = 'gone'
    room.turnedAway += 1
    lastTurnedAway = Date.now()
    visitor.turnedAway(retryAfterSeconds())
  }

  const seatWaiting = (): void => {
    for (const [rank, room] of rooms.entries()) {
      while (room.queue.length > 0 && isFree(rank)) {
        seat(room, room.queue.shift() as Visitor)
      }
    }
  }

  /** Who has waited as long as it is worth, and who came last of more than there are places for by now. */
  const turnWaitingAway = (room: Room): void => {
    const since = performance.now() - patienceMs[room.importance]
    const inTime = room.queue.findIndex((one) => one.since > since)
    const late = room.queue.splice(0, inTime === -1 ? room.queue.length : inTime)
    const last = room.queue.splice(Math.ceil(room.places))
    for (const visitor of [...late, ...last]) turnAway(room, visitor)
  }

  const countPlaces = (room: Room, elapsedMs: number): void => {
    room.rate += (room.seated / (elapsedMs / 1_000) - room.rate) * smoothing
    room.seated = 0
    const inGoodTime = room.rate * (patienceMs[room.importance] / 1_000) * goodTime
    // A quiet moment says nothing of how many could be seated: places come back with time.
    const ofQuiet = room.queue.length === 0 ? Math.min(placesAtFirst(room.importance), room.places * growth) : 0
    const places = Math.max(placesAtLeast, ofQuiet, inGoodTime, room.places * (1 - smoothing))
    room.places = Math.min(placesAtMost, places)
  }

  const look = (): void => {
    delayMs = Math.max(loop.meanMs(), ...waits())
    if (delayMs > targetMs) seats = Math.max(seatsAtLeast, seats * shrink)
    else if (rooms.some(({ queue }) => queue.length > 0)) seats = Math.min(seatsAtMost, seats * growth)
    else seats = seats < seatsAtRest ? Math.min(seatsAtRest, seats * growth) : Math.max(seatsAtRest, seats * shrink)
    const elapsedMs = performance.now() - lastLook
    lastLook += elapsedMs
    for (const room of rooms) {
      countPlaces(room, elapsedMs)
      turnWaitingAway(room)
    }
    seatWaiting()
  }
  const timer = setInterval(look, intervalMs).unref()

  const leave = (room: Room, visitor: Visitor): void => {
    if (visitor.place === 'waiting') room.queue.splice(room.queue.indexOf(visitor), 1)
    if (visitor.place === 'running') room.running -= 1
    visitor.place = 'gone'
    seatWaiting()
  }

  return {
    enter(importance, seated, turnedAway) {
      const rank = rankOf[importance]
      const room = rooms[rank] as Room
      const visitor: Visitor = { seated, turnedAway, since: performance.now(), place: 'waiting' }
      if (room.queue.length === 0 && isFree(rank)) seat(room, visitor)
      else if (room.queue.length < room.places) room.queue.push(visitor)
      else turnAway(room, visitor)
      return () => leave(room, visitor)
    },
    hasSeat: (importance) => isFree(rankOf[importance]),
    state: () => ({
      seats: Math.floor(seats),
      running: rooms.reduce((all, { running }) => all + running, 0),
      waiting: rooms.reduce((all, { queue }) => all + queue.length, 0),
      delayMs: Math.round(delayMs),
      turnedAway: Object.fromEntries(
        rooms.map(({ importance, turnedAway }) => [importance, turnedAway]),
      ) as AdmissionState['turnedAway'],
      lastTurnedAwayAt: lastTurnedAway === null ? null : new Date(lastTurnedAway).toISOString(),
    }),
    close() {
      clearInterval(timer)
      loop.close()
    },
  }
}

/** How late the event loop was on average since it was asked last. */
function loopDelay(): { meanMs(): number; close(): void } {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  // Not reset, which would forget a delay that begins before and ends after it.
  let [samples, sum] = [0, 0]
  return {
    meanMs() {
      const { count, mean } = histogram
      const [newSamples, newSum] = [count - samples, count === 0 ? 0 : count * mean]
      const meanMs = newSamples === 0 ? 0 : (newSum - sum) / newSamples / 1e6 - resolutionMs
      samples = count
      sum = newSum
      return Math.max(0, meanMs)
    },
    close: () => histogram.disable(),
  }
}

/** Spread, so that those who were turned away together do not come back together. */
const retryAfterSeconds = (): number => 1 + Math.floor(Math.random() * 4)
