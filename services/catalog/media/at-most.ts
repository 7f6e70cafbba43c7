/**
 * Runs works side by side, but no more than `works` of them at a time; the others wait their turn. Throws `full()` at once
 * when `waitingAtMost` wait already.
 */
export function atMost(
  works: number,
  waitingAtMost: number,
  full: () => Error,
): <R>(work: () => Promise<R>) => Promise<R> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= works) {
      if (waiting.length >= waitingAtMost) throw full()
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
