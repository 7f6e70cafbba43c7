import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Answer, type AnswerBytes, makeReadyFor, readyFor, toAnswerBytes, writeReady } from './answer-bytes.ts'
import { type AskNews, newsDesk } from './news.ts'

/**
 * Answers that are the same for whoever asks, kept as the bytes that are sent: made once, compressed once. One is used for
 * `freshMs` after the truth was asked for it. One of which it is known what it is about lasts longer, as long as news are asked for
 * at least as often and tell nothing of that. So a copy is wrong for `freshMs` at most; where the change is made or takes effect in
 * this process, no longer than that takes. Nothing is decided by them: carts and checkout read the truth.
 */
export type SharedAnswers = {
  /** Whether `send` would send something now. */
  isKept(key: string): boolean
  /**
   * Answers with what is kept under `key`. @returns false when there is nothing fresh: then nothing was sent
   * @param renew makes it anew by `once`: begun while what is kept may still be sent, so that nobody waits for what many ask for.
   *   Without it, one of those who ask at that time is not answered, as if there were nothing: theirs is to make it
   */
  send(request: FastifyRequest, reply: FastifyReply, key: string, renew?: () => Promise<unknown>): Promise<boolean>
  /**
   * The same for what is kept under the address that is asked for, past everything else that is done for a request. @returns the
   * answer's route and status, or null when there is nothing that is fresh, ready to be sent, and needs nobody to renew it
   */
  sendAtOnce(request: IncomingMessage, response: ServerResponse): { route: string; status: number } | null
  /** To be asked for before an answer is made: keeps it, unless something has changed since. */
  keeper(key: string): (answer: SharedAnswer) => void
  /** Makes something once for all who ask for it at this moment, and keeps the answer that `answerOf` sees in it. */
  once<R>(key: string, make: () => Promise<R>, answerOf: (made: R) => SharedAnswer | null): Promise<R>
  /** Something was changed here, and it is not said what. */
  forget(): void
  /** An event has taken effect here: news will tell of what; what they tell nothing of is not used any more. */
  hear(): void
}

/**
 * `about`: that of which news tell when it is another answer, or `everything` (news.ts) where any do; absent where it is not known.
 * `route`: of one that is kept under its address. `withoutCookies`: there it is for who sends none; others are answered otherwise.
 */
export type SharedAnswer = Answer & {
  readonly about?: string | null
  readonly route?: string
  readonly withoutCookies?: boolean
}

/** How long an answer may be used after the truth was asked for it, in milliseconds: "within a second" is what is promised. */
export const freshMs = 1_000
/** Before its end it is made anew when somebody asks. */
export const renewedBeforeMs = 500
/** How long one lasts of which there are no news: some things change of which no event tells, such as a category's title. */
export const lastingMs = 10_000
/**
 * Each is renewed by chance up to so much sooner: hundreds that were first asked for at the same moment, by a crowd, would otherwise all be
 * made anew at the same moment, ten seconds later, and keep everybody waiting.
 */
const renewedSoonerByMs = 5_000
/** Five hundred listings, or eight thousand small details. Beyond it those that were not asked for longest go. */
const bytesAtMost = 8 * 1024 * 1024
/**
 * Most answers are asked for once. They have a place of their own, where they drive out nothing that many ask for, and are gone before
 * V8 takes them for something that stays, whose memory comes back late.
 */
const newBytesAtMost = 2 * 1024 * 1024
/** Keys of what was made lately. What is made again is asked for again, though it was gone by then: it has its place among the others. */
const madeAtMost = 4_096

type Kept = {
  readonly bytes: AnswerBytes
  readonly about: string | null
  readonly route: string | null
  readonly withoutCookies: boolean
  /** When it was begun to be made: what changed later may be missing in it. */
  readonly begunAt: number
  /** When it is to be made anew, where news keep it until then. */
  readonly lastsUntil: number
  /** How often it was sent, to who made it as well. */
  sent: number
  /** When somebody was told last to make it anew. */
  claimedAt: number
}

/** @param askNews absent: nothing lasts */
export function sharedAnswers(askNews?: AskNews): SharedAnswers {
  const place = (maxSize: number) =>
    new LRUCache<string, Kept>({ maxSize, sizeCalculation: ({ bytes }, key) => bytes.plain.bytes.length + key.length })
  const newcomers = place(newBytesAtMost)
  const regulars = place(bytesAtMost)
  const madeLately = new LRUCache<string, true>({ max: madeAtMost })
  const making = new Map<string, Promise<unknown>>()
  const news = newsDesk(askNews)
  let forgottenAt = performance.now()
  let heardAt = forgottenAt
  let clearedAt = forgottenAt

  /** Until when one may be used, as far as it is known now. */
  const freshUntil = ({ about, begunAt }: Kept): number => {
    const askedAt = about === null ? 0 : news.askedAt()
    const changedAt = Math.max(forgottenAt, news.changedAt(about), askedAt > heardAt ? 0 : heardAt)
    return begunAt <= changedAt ? 0 : Math.min(Math.max(begunAt, askedAt) + freshMs, begunAt + lastingMs)
  }
  const find = (key: string): Kept | undefined => regulars.get(key) ?? newcomers.get(key)
  const put = (to: typeof regulars, key: string, one: Kept): void => {
    to.set(key, one, { ttl: one.about === null ? freshMs : lastingMs })
  }
  /** What is asked for again stays longer. */
  const count = (key: string, one: Kept): void => {
    one.sent += 1
    if (one.sent === 2 && newcomers.delete(key)) put(regulars, key, one)
  }
  /** What is kept and fresh. News are asked for in time, by whoever asks for something that lasts. */
  const fresh = (key: string, now: number): Kept | null => {
    const one = find(key)
    if (!one || freshUntil(one) <= now) return null
    if (one.about !== null) news.askInTime(now)
    return one
  }
  const hasToBeRenewed = (key: string, { about, begunAt, lastsUntil, claimedAt }: Kept, now: number): boolean => {
    const lasts = about !== null && news.askedAt() + freshMs > now
    const isDue = (lasts ? lastsUntil : begunAt + freshMs) - renewedBeforeMs <= now
    return isDue && !making.has(key) && claimedAt + renewedBeforeMs <= now
  }

  const keeper: SharedAnswers['keeper'] = (key) => {
    const begunAt = performance.now()
    return ({ about = null, route = null, withoutCookies = false, ...answer }) => {
      const now = performance.now()
      const lastsUntil = begunAt + lastingMs - Math.random() * renewedSoonerByMs
      const bytes = toAnswerBytes(answer)
      const one = { bytes, about, route, withoutCookies, begunAt, lastsUntil, sent: 0, claimedAt: 0 }
      if (freshUntil(one) <= now) return
      // What is asked for once and never again would otherwise stay until there is no room.
      if (now - clearedAt > freshMs) {
        newcomers.purgeStale()
        regulars.purgeStale()
        clearedAt = now
      }
      put(regulars.has(key) || madeLately.has(key) ? regulars : newcomers, key, one)
      madeLately.set(key, true)
    }
  }
  return {
    isKept: (key) => fresh(key, performance.now()) !== null,
    keeper,
    async send(request, reply, key, renew) {
      let answer = fresh(key, performance.now())
      // One that lasts may be as good as before: to ask is less than to make it.
      if (!answer && (find(key)?.about ?? null) !== null) {
        await news.ask()
        answer = fresh(key, performance.now())
      }
      if (!answer) return false
      const now = performance.now()
      const isDue = hasToBeRenewed(key, answer, now)
      if (isDue && !renew) {
        answer.claimedAt = now
        return false
      }
      await makeReadyFor(answer.bytes, request.raw)
      const ready = readyFor(answer.bytes, request.raw)
      if (!ready) return false
      reply.hijack()
      // Past everything that Fastify does for an answer that has yet to be made: this one is bytes with all their headers.
      const headers = { ...(reply.getHeaders() as Record<string, string>), ...ready.headers }
      writeReady(reply.raw, { ...ready, headers })
      count(key, answer)
      // Where it fails, who asks after the last moment is told.
      if (renew && isDue) renew().catch(() => undefined)
      return true
    },
    sendAtOnce(request, response) {
      const key = request.url ?? ''
      const now = performance.now()
      const answer = request.method === 'GET' ? fresh(key, now) : null
      if (!answer || answer.route === null || hasToBeRenewed(key, answer, now)) return null
      if (answer.withoutCookies && request.headers.cookie !== undefined) return null
      const ready = readyFor(answer.bytes, request)
      if (!ready) return null
      writeReady(response, ready)
      count(key, answer)
      return { route: answer.route, status: ready.status }
    },
    once(key, make, answerOf) {
      const known = making.get(key)
      if (known) return known as ReturnType<typeof make>
      const keep = keeper(key)
      const made = make()
        .then((value) => {
          const answer = answerOf(value)
          if (answer) keep(answer)
          return value
        })
        .finally(() => {
          if (making.get(key) === made) making.delete(key)
        })
      making.set(key, made)
      return made
    },
    forget() {
      forgottenAt = performance.now()
      newcomers.clear()
      regulars.clear()
      making.clear()
    },
    hear() {
      heardAt = performance.now()
      making.clear()
    },
  }
}
