/**
 * Work that goes on behind searches, one at a time: begun by the first of them, and again by one that comes `everyMs` later, or
 * `afterFailureMs` where it could not be done.
 */
export function behindSearches(
  { everyMs, afterFailureMs }: { readonly everyMs: number; readonly afterFailureMs: number },
  work: (isClosed: () => boolean) => Promise<void>,
): { start(): void; close(): Promise<void> } {
  let working: Promise<void> | null = null
  let nextAt = 0
  let closed = false
  return {
    start() {
      if (working || closed || performance.now() < nextAt) return
      nextAt = performance.now() + everyMs
      working = work(() => closed)
        .catch(() => {
          nextAt = performance.now() + afterFailureMs
        })
        .finally(() => {
          working = null
        })
    },
    async close() {
      closed = true
      await working
    },
  }
}
