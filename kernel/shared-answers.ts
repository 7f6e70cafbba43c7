import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants as zlib } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'

/**
 * Answers that are the same for whoever asks, kept as the bytes that are sent: serialized once, compressed once. An answer is
 * used for `freshMs` at most, so that a copy which hears of no change is wrong no longer than that; where the change is made or
 * takes effect in this process, all are forgotten at once. Nothing is decided by them: carts and checkout read the truth.
 */
export type SharedAnswers = {
  /** Answers from what is kept. @returns false when there is nothing fresh: then nothing was sent */
  send(request: FastifyRequest, reply: FastifyReply): boolean
  /** Makes an answer, once for all who ask for it at this moment, and keeps what `bytesOf` makes of it. */
  once<R>(url: string, make: () => Promise<R>, bytesOf: (made: R) => string | null): Promise<R>
  /** Something changed: whatever is being made at this moment is not kept either. */
  forget(): void
}

/** How long an answer may be used after the truth was asked for it, in milliseconds: what "within a second" promises. */
export const freshMs = 1_000
/** Some thousand listings. Beyond it those that were not asked for longest go. */
const bytesAtMost = 64 * 1024 * 1024
/** Measured on a listing of 24: within 8 % of the best quality, at a tenth of its time. */
const brotliQuality = 4
/** Below this a packet is a packet. */
const compressedFromBytes = 1_200

const brotli = promisify(brotliCompress)

type Answer = { readonly body: Buffer; readonly etag: string; small: Buffer | null }

export function sharedAnswers(): SharedAnswers {
  const kept = new LRUCache<string, Answer>({
    ttl: freshMs,
    maxSize: bytesAtMost,
    sizeCalculation: ({ body, etag }, url) => body.length + etag.length + url.length,
  })
  const making = new Map<string, Promise<unknown>>()
  let generation = 0

  const make = async <R>(url: string, work: () => Promise<R>, bytesOf: (made: R) => string | null): Promise<R> => {
    const born = generation
    const made = await work()
    const text = bytesOf(made)
    if (text !== null && born === generation) kept.set(url, toAnswer(text))
    return made
  }
  return {
    send(request, reply) {
      const answer = kept.get(request.url)
      if (!answer) return false
      write(request, reply, answer)
      return true
    },
    once(url, work, bytesOf) {
      const known = making.get(url)
      if (known) return known as ReturnType<typeof work>
      const made = make(url, work, bytesOf).finally(() => {
        if (making.get(url) === made) making.delete(url)
      })
      making.set(url, made)
      return made
    },
    forget() {
      generation += 1
      kept.clear()
      making.clear()
    },
  }
}

function toAnswer(text: string): Answer {
  const body = Buffer.from(text)
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, small: null }
}

function write(request: FastifyRequest, reply: FastifyReply, answer: Answer): void {
  const { body, etag } = answer
  reply.headers({ 'cache-control': 'public, max-age=0, must-revalidate', etag, vary: 'accept-encoding' })
  if (request.headers['if-none-match']?.includes(etag)) {
    reply.code(304).send()
    return
  }
  reply.type('application/json; charset=utf-8')
  const wantsSmall =
    body.length >= compressedFromBytes && /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''))
  if (wantsSmall && answer.small) {
    reply.header('content-encoding', 'br').send(answer.small)
    return
  }
  reply.send(body)
  // Nobody waits for it: the next one who asks gets it.
  if (wantsSmall) void compress(answer)
}

async function compress(answer: Answer): Promise<void> {
  const params = { [zlib.BROTLI_PARAM_QUALITY]: brotliQuality, [zlib.BROTLI_PARAM_SIZE_HINT]: answer.body.length }
  answer.small = await brotli(answer.body, { params })
}
