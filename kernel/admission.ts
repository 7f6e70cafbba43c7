import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Importance, importances } from './call.ts'

/**
 * Admission control of a process: what more can be done now, and who is turned away when all want more than that.
 *
 * - **Seats.** So many requests run beside each other. Their number follows the standing queue behind them: it shrinks by a
 *   factor while the event loop, or a pool's connections, let everybody wait longer than `targetMs`, and grows while they do not
 *   and somebody waits (the delay is the measure and not the length: Nichols and Jacobson, Controlling Queue Delay, 2012).
 * - **Waiting.** Who finds no seat waits, the most important first, or is told on arrival that it would be in vain. While more comes
 *   than can be seated, only so many wait as are seated in a moment (Little's law: places = rate × time): a longer queue would serve
 *   no more, only later. A rush after a quiet time is another matter: each kind of request has a credit of places for one, which is
 *   spent by whoever waits beyond that and comes back while nobody has to (as a token bucket). Nobody waits while others are turned
 *   away who are needed more, and would go in first.
 * - **Waves.** While anybody who would buy waits, nobody is seated alone: all go in together at the next count of the seats. Who
 *   begins at one moment comes to each of an order's statements at one moment, and shares it. Let in one by one as seats come free,
 *   an order took a fifth to a half more processor time.
 * - **Importance.** What is needed least is turned away first, and everything a request causes inherits its importance, so that
 *   nobody is refused half-way (Zhou et al., Overload Control for Scaling WeChat Microservices, 2018). Some seats are for checkout
 *   only, and whoever pays waits first in line: they were let in with a cart before.
 */
export type Admission = {
  /**
   * Calls one of two functions, at once or later: `seated` when the request may run, `unseated` when there is no seat for it; that says
   * whether it was turned away.
   * @returns to be called when the request is over, whatever became of it
   */
  enter(importance: Importance, seated: () => void, unseated: (retryAfterSeconds: number) => Unseated): () => void
  /** Whether a request of this importance would run at once. */
  hasSeat(importance: Importance): boolean
  /** Whether shoppers are served, or were a moment ago. */
  servesShoppers(): boolean
  state(): AdmissionState
  close(): void
}

/** What became of a request without a seat: `let in` is what costs little, or serves many at once. */
export type Unseated = 'turned away' | 'let in'

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

/** How often the seats are counted anew, and who waits goes in. Twice as long shared no more, and let people wait. */
const intervalMs = 100
/** Between two looks at the event loop, in milliseconds. */
const resolutionMs = 10
/** A standing queue of this length keeps all busy. Behind a longer one, who is turned away is not told within 20 ms. */
const targetMs = 10
const shrink = 0.8
const growth = 1.1
/**
 * Enough to keep all busy, also where most of the time goes into waiting. Who writes at the same moment shares statements: with a third
 * of these, an order took half as much processor time again.
 */
const seatsAtLeast = 96
/** While nobody waits. A rush that begins at once puts so many beside each other before it is seen that they are too many. */
const seatsAtRest = 128
/** Where all wait for somebody else, as for a slow provider, and this process has little to do: what fits into memory. */
const seatsAtMost = 1_024
/** Seated a second, as long as it is not known better: a rush that passes in time finds room. */
const rateAtFirst = 64
/** How fast the rate follows what is seen. */
const smoothing = 0.2
/** The part of the credit for a rush that comes back between two looks at which nobody was without a seat: all in two seconds. */
const recovery = 0.05
/** Somebody has to wait for it to be seen that seats come again. */
const placesAtLeast = 2
const placesAtMost = 512
/** Who shops looks at a page before the next request; what gives way to them then does not begin anew at each. */
const shoppersStayMs = 1_000
/** Not `account`: staff look at what becomes of an import, and it would give way to them. */
const shoppers: ReadonlySet<Importance> = new Set(['checkout', 'cart', 'browsing'])

/** How long it is better to wait than to come again, in milliseconds: after that, who waits is told to. */
const patienceMs: Readonly<Record<Importance, number>> = {
  checkout: 8_000,
  cart: 4_000,
  account: 4_000,
  browsing: 1_000,
  background: 200,
}
/** How long the queue is while more comes than can be seated, in milliseconds: one wave, and a little more as they come by chance. */
const queueMs = 1.2 * intervalMs
/** Whoever pays has a cart, and was let in for it: they get a seat late rather than none. */
const checkoutQueueMs = 4_000
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
  readonly unseated: (retryAfterSeconds: number) => Unseated
  readonly since: number
  place: 'waiting' | 'running' | 'gone'
}

type Room = {
  readonly importance: Importance
  readonly queue: Visitor[]
  running: number
  turnedAway: number
  /** How many more may wait than are seated in a moment. */
  credit: number
  /** Who found no seat since the last look. */
  unseated: number
  /** When somebody was turned away last, by `performance.now()`. */
  turnedAwayAt: number
  /** Seated since the last look, and a second. */
  seated: number
  rate: number
}

const creditAtMost = (importance: Importance): number => (rateAtFirst * patienceMs[importance]) / 1_000
const placesOf = ({ importance, rate }: Room): number =>
  Math.min(
    placesAtMost,
    Math.max(placesAtLeast, (rate * (importance === 'checkout' ? checkoutQueueMs : queueMs)) / 1_000),
  )

/** @param waits each tells the milliseconds that everybody waited at least for something beside the event loop */
export function createAdmission(waits: () => readonly number[] = () => []): Admission {
  const loop = loopDelay()
  const rooms = importances.map(
    (importance): Room => ({
      importance,
      queue: [],
      running: 0,
      turnedAway: 0,
      turnedAwayAt: Number.NEGATIVE_INFINITY,
      credit: creditAtMost(importance),
      unseated: 0,
      seated: 0,
      rate: rateAtFirst,
    }),
  )
  const rankOf = Object.fromEntries(importances.map((one, rank) => [one, rank])) as Record<Importance, number>
  let seats = seatsAtRest
  let delayMs = 0
  let lastTurnedAway: number | null = null
  let lastLook = performance.now()
  let shopperAt = Number.NEGATIVE_INFINITY

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
    if (visitor.unseated(retryAfterSeconds()) === 'let in') return
    room.turnedAway += 1
    room.turnedAwayAt = performance.now()
    lastTurnedAway = Date.now()
  }

  const seatWaiting = (): void => {
    for (const [rank, room] of rooms.entries()) {
      while (room.queue.length > 0 && isFree(rank)) {
        seat(room, room.queue.shift() as Visitor)
      }
    }
  }

  /** Whether somebody was turned away just now who would have gone in before those of this rank. */
  const isInVain = (rank: number, now: number): boolean =>
    rooms.some(({ turnedAwayAt }, other) => other < rank && now - turnedAwayAt < 2 * intervalMs)

  /** Who has waited as long as it is worth. */
  const turnLateAway = (room: Room): void => {
    const now = performance.now()
    const since = isInVain(rankOf[room.importance], now) ? now : now - patienceMs[room.importance]
    while (room.queue[0] && room.queue[0].since <= since) turnAway(room, room.queue.shift() as Visitor)
  }

  const count = (room: Room, elapsedMs: number): void => {
    room.rate += (room.seated / (elapsedMs / 1_000) - room.rate) * smoothing
    room.seated = 0
    const most = creditAtMost(room.importance)
    if (room.unseated === 0) room.credit = Math.min(most, room.credit + most * recovery)
    room.unseated = 0
  }

  /** Whether nobody waits with whom it would share statements, or before whom it would go in. */
  const isFirst = (rank: number): boolean =>
    rooms.every(({ queue }, other) => queue.length === 0 || other > Math.max(rank, rankOf.cart))

  /** @returns whether they may: as one of those who are seated in a moment, or on credit */
  const mayWait = (room: Room, { since }: Visitor): boolean => {
    if (isInVain(rankOf[room.importance], since)) return false
    if (room.queue.length < placesOf(room)) return true
    if (room.credit < 1) return false
    room.credit -= 1
    return true
  }

  const look = (): void => {
    delayMs = Math.max(loop.meanMs(), ...waits())
    if (delayMs > targetMs) seats = Math.max(seatsAtLeast, seats * shrink)
    else if (rooms.some(({ queue }) => queue.length > 0)) seats = Math.min(seatsAtMost, seats * growth)
    else seats = seats < seatsAtRest ? Math.min(seatsAtRest, seats * growth) : Math.max(seatsAtRest, seats * shrink)
    const elapsedMs = performance.now() - lastLook
    lastLook += elapsedMs
    for (const room of rooms) {
      count(room, elapsedMs)
      turnLateAway(room)
    }
    seatWaiting()
  }
  const timer = setInterval(look, intervalMs).unref()

  /** The seat stays free until the next wave, if anybody waits. */
  const leave = (room: Room, visitor: Visitor): void => {
    if (visitor.place === 'waiting') room.queue.splice(room.queue.indexOf(visitor), 1)
    if (visitor.place === 'running') room.running -= 1
    visitor.place = 'gone'
    noteShopper(room)
  }

  const noteShopper = ({ importance }: Room): void => {
    if (shoppers.has(importance)) shopperAt = performance.now()
  }

  return {
    enter(importance, seated, unseated) {
      const rank = rankOf[importance]
      const room = rooms[rank] as Room
      const visitor: Visitor = { seated, unseated, since: performance.now(), place: 'waiting' }
      noteShopper(room)
      if (isFirst(rank) && isFree(rank)) {
        seat(room, visitor)
      } else {
        room.unseated += 1
        if (mayWait(room, visitor)) room.queue.push(visitor)
        else turnAway(room, visitor)
      }
      return () => leave(room, visitor)
    },
    hasSeat: (importance) => isFree(rankOf[importance]),
    servesShoppers: () =>
      performance.now() - shopperAt < shoppersStayMs ||
      rooms.some(({ importance, running, queue }) => shoppers.has(importance) && running + queue.length > 0),
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
