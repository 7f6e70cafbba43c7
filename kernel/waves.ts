export type WaveOptions = {
  /** Waves that may be under way: with one, the process and its database would wait for each other by turns. */
  readonly atOnce: number
  /** After this nobody waits for a wave any longer: one of it may wait for somebody slow. */
  readonly waitedForMs: number
}

/**
 * Lets work of many steps begin together: what comes while so many waves are under way waits, and begins as one wave when the first of
 * them is over. Who begins together comes to each step together, and shares its statements (`gather.ts`). Nobody waits while the
 * process has little to do.
 */
export function inWaves({ atOnce, waitedForMs }: WaveOptions): <R>(work: () => Promise<R>) => Promise<R> {
  let waiting: ((leave: () => void) => void)[] = []
  let underWay = 0

  const begin = (): void => {
    if (waiting.length === 0 || underWay === atOnce) return
    const wave = waiting
    waiting = []
    underWay += 1
    let [left, isOver] = [wave.length, false]
    const end = (): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      underWay -= 1
      // Not at once: others may come in this turn of the event loop.
      setImmediate(begin)
    }
    const timer = setTimeout(end, waitedForMs).unref()
    const leave = (): void => {
      left -= 1
      if (left === 0) end()
    }
    for (const go of wave) go(leave)
  }

  return async (work) => {
    const leave = await new Promise<() => void>((go) => {
      waiting.push(go)
      if (waiting.length === 1) setImmediate(begin)
    })
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
