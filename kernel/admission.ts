import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Importance, importances } from './call.ts'

/**
 * Admission control of a process: what more can be done now, and who is turned away when all want more than that.
 *
 * - **Seats.** So many requests run beside each other. Their number follows the standing queue behind them: it shrinks by a
 *   factor while the event loop, or a pool's connections, let everybody wait longer than `targetMs`, and grows while they do not
 *   and somebody waits (additive increase, multiplicative decrease: Chiu and Jain, 1989; delay rather than length as the
 *   measure: Nichols and Jacobson, Controlling Queue Delay, 2012).
 * - **Waiting.** Who finds no seat waits, the most important first. Whether the wait will be short enough is judged on arrival,
 *   by how many were seated in the last moments: who would wait too long is told so at once instead of after a time-out.
 * - **Importance.** What is needed least is turned away first, and everything a request causes inherits its importance, so that
 *   nobody is refused half-way (Zhou et al., Overload Control for Scaling WeChat Microservices, 2018). Checkout has no seats to
 *   wait for: only the ceiling stops it, since whoever pays was let in with a cart before.
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
/** A standing queue of this length keeps all busy; a longer one only makes everybody wait, and refusals come late. */
const targetMs = 8
const shrink = 0.8
const growth = 1.1
/** Enough to keep two cores busy, also where most of the time goes into waiting for the database. */
const seatsAtLeast = 16
/** Where nothing is known of the load: what fits into memory, and more than any rush that passes within a second. */
const seatsAtMost = 512
/** The weight of the last interval in the rate at which visitors are seated: half a second counts. */
const smoothing = 0.2
/** Places to wait when nobody was seated lately, so that somebody is there when there is a seat again. */
const placesAtLeast = 8

/** How long it is better to wait than to come again, in milliseconds. Checkout does not wait. */
const patienceMs: Readonly<Record<Importance, number>> = {
  checkout: 0,
  cart: 1_000,
  account: 1_000,
  browsing: 500,
  background: 100,
}
/** The part of the seats that may be taken by requests of this importance and all that are needed less. */
const shareOf: Readonly<Record<Importance, number>> = {
  checkout: 1,
  cart: 1,
  account: 0.9,
  browsing: 0.75,
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
  seatedLately: number
  seatedASecond: number
  turnedAway: number
}

/** @param waits each tells the milliseconds that everybody waited at least for something beside the event loop */
export function createAdmission(waits: () => readonly number[] = () => []): Admission {
  const loop = monitorEventLoopDelay({ resolution: resolutionMs })
  loop.enable()
  const rooms = importances.map((importance): Room => {
    return { importance, queue: [], running: 0, seatedLately: 0, seatedASecond: 0, turnedAway: 0 }
  })
  const rankOf = Object.fromEntries(importances.map((one, rank) => [one, rank])) as Record<Importance, number>
  let seats = seatsAtMost
  let delayMs = 0
  let lastTurnedAway: number | null = null

  const isFree = (rank: number): boolean => {
    if (rank === 0) return (rooms[0]?.running ?? 0) < seatsAtMost
    let taken = 0
    for (let one = rooms.length - 1; one > 0; one--) {
      const { running, importance } = rooms[one] as Room
      taken += running
      if (one <= rank && taken >= Math.max(1, seats * shareOf[importance])) return false
    }
    return true
  }

  const seat = (room: Room, visitor: Visitor): void => {
    visitor.place = 'running'
    room.running += 1
    room.seatedLately += 1
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
      while (room.queue.length > 0 && isFree(rank)) seat(room, room.queue.shift() as Visitor)
    }
  }

  const placesOf = (room: Room): number =>
    Math.max(placesAtLeast, (room.seatedASecond * patienceMs[room.importance]) / 1_000)

  const look = (): void => {
    const now = performance.now()
    const loopMs = loop.percentile(50) / 1e6 - resolutionMs
    loop.reset()
    delayMs = Math.max(0, loopMs, ...waits())
    if (delayMs > targetMs) seats = Math.max(seatsAtLeast, seats * shrink)
    else seats = Math.min(seatsAtMost, seats * growth)
    for (const room of rooms) {
      room.seatedASecond += smoothing * ((room.seatedLately * 1_000) / intervalMs - room.seatedASecond)
      room.seatedLately = 0
      const isLate = (one: Visitor | undefined) => one && now - one.since > patienceMs[room.importance]
      while (isLate(room.queue[0])) turnAway(room, room.queue.shift() as Visitor)
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
      else if (patienceMs[importance] > 0 && room.queue.length < placesOf(room)) room.queue.push(visitor)
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
      loop.disable()
    },
  }
}

/** Spread, so that those who were turned away together do not come back together. */
const retryAfterSeconds = (): number => 1 + Math.floor(Math.random() * 4)
