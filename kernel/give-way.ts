import { setTimeout as pause } from 'node:timers/promises'

/**
 * How work that nobody waits for lets those go first who do: while there are some it is done in small pieces, and rests after each. An
 * order takes dozens of turns of the event loop, and waits at each for the piece under way: by how long pieces are, and how often it
 * meets one. Rests follow the work, since what takes longer has met others.
 */
export type GiveWay = {
  /** Whether somebody would have to wait. */
  isDue(): boolean
  /** Rests after a piece that took so long, if somebody would have to wait: so many times as long. */
  rest(workedMs: number, times: number): Promise<void>
}

/** However slow a piece was, the next one comes. */
const restAtMostMs = 500

export const givingWay = (isDue: () => boolean): GiveWay => ({
  isDue,
  async rest(workedMs, times) {
    if (isDue()) await pause(Math.min(restAtMostMs, workedMs * times))
  },
})

/** Where nobody else is served. */
export const alone: GiveWay = givingWay(() => false)
