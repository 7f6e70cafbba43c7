import { setTimeout as pause } from 'node:timers/promises'

/** Limits are counted by the minute of the clock. */
const windowMs = 60_000
/** What the guesses of one test take, with room: all of them have to be in one window. */
const roomMs = 15_000

/** Waits, where the minute is nearly over, for the next: guesses that are to be too many must be counted together. */
export async function untilMinuteHasRoom(): Promise<void> {
  const left = windowMs - (Date.now() % windowMs)
  if (left < roomMs) await pause(left)
}
