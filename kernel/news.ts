/** What has changed since `place`, in the order in which it became visible, so that no copy has to be told of it. */
export type News = {
  readonly place: number
  /** Null when it is not known any more what has changed since. */
  readonly about: readonly string[] | null
  /** Events come late at this moment, or are not seen by all who answer: there are changes of which nothing is told yet. */
  readonly late: boolean
}

/** @param place how far news were read; null: not yet */
export type AskNews = (place: number | null) => Promise<News>

/** What an answer is about that is another one with whatever news there are. */
export const everything = '*'

/** So often news are asked for while somebody asks for what lasts; the events themselves take some time, and all have a second. */
const askedEveryMs = 250
/** Where there are none to be had, nothing lasts, and nobody waits for them for so long. */
const silentMs = 1_000
/** Subjects of news that are remembered: more have changed in a few seconds only when the whole catalog has. */
const subjectsAtMost = 20_000

/** Asks for news on behalf of this process, and remembers when there were some of what. Times are of `performance.now()`. */
export function newsDesk(ask: AskNews | undefined) {
  const subjects = new Map<string, number>()
  let allAt = 0
  let anyAt = 0
  let place: number | null = null
  let begunAt = 0
  let askedAt = 0
  let silentUntil = 0
  let asking: Promise<void> | null = null

  const read = async (from: AskNews): Promise<void> => {
    const began = performance.now()
    begunAt = began
    try {
      const { place: reached, about, late } = await from(place)
      const now = performance.now()
      // What is told now will be told again: what is made meanwhile may be without it.
      if (late) {
        silentUntil = now + silentMs
        return
      }
      // What was made before the first news may be of a time of which they tell nothing.
      if (about === null || place === null || subjects.size + about.length > subjectsAtMost) {
        allAt = now
        subjects.clear()
      } else {
        for (const subject of about) subjects.set(subject, now)
        if (about.length > 0) anyAt = now
      }
      place = reached
      askedAt = began
    } catch {
      silentUntil = performance.now() + silentMs
    } finally {
      asking = null
    }
  }
  const askNow = (): Promise<void> => {
    if (!ask || performance.now() < silentUntil) return Promise.resolve()
    asking ??= read(ask)
    return asking
  }
  return {
    /** When there were news of it last. */
    changedAt: (about: string | null): number =>
      about === null ? 0 : Math.max(allAt, about === everything ? anyAt : (subjects.get(about) ?? 0)),
    /** All that became visible before was told, of which there were news at all. */
    askedAt: (): number => askedAt,
    /** Asks unless somebody did just now. */
    askInTime(now: number): void {
      if (now - begunAt >= askedEveryMs) void askNow()
    },
    ask: askNow,
  }
}
