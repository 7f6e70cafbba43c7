/** Does one piece of work at a time, with all that came meanwhile but at most `atMost`. `work` must not throw. */
export function oneAtATime<V>(work: (all: readonly V[]) => Promise<void>, atMost: number) {
  const waiting: V[] = []
  let running: Promise<void> | null = null
  const run = async (): Promise<void> => {
    while (waiting.length > 0) await work(waiting.splice(0, atMost))
    running = null
  }
  return {
    add(one: V): void {
      waiting.push(one)
      running ??= run()
    },
    /** Ends what it has begun. @returns what it has not */
    async end(): Promise<readonly V[]> {
      const left = waiting.splice(0)
      await running
      return left
    },
  }
}
