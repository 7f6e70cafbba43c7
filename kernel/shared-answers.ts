import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, gzip, constants as zlib } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'

/** A text as it is sent, with all its headers but those of its encoding. */
export type Answer = { readonly body: string; readonly headers: Readonly<Record<string, string>> }

/**
 * Answers that are the same for whoever asks, kept as the bytes that are sent: made once, compressed once. An answer is used
 * for `freshMs` at most, so that a copy which hears of no change is wrong no longer than that; where the change is made or takes
 * effect in this process, all are forgotten at once. Nothing is decided by them: carts and checkout read the truth.
 */
export type SharedAnswers = {
  /** Whether `send` would send something now. */
  isKept(key: string): boolean
  /** Answers with what is kept under `key`. @returns false when there is nothing fresh: then nothing was sent */
  send(request: FastifyRequest, reply: FastifyReply, key: string): Promise<boolean>
  /** To be asked for before an answer is made: keeps it, unless something has changed since. */
  keeper(key: string): (answer: Answer) => void
  /** Makes something once for all who ask for it at this moment, and keeps the answer that `answerOf` sees in it. */
  once<R>(key: string, make: () => Promise<R>, answerOf: (made: R) => Answer | null): Promise<R>
  forget(): void
}

/** How long an answer may be used after the truth was asked for it, in milliseconds: "within a second" is what is promised. */
export const freshMs = 1_000
/** Some thousand listings. Beyond it those that were not asked for longest go. */
const bytesAtMost = 64 * 1024 * 1024

export function sharedAnswers(): SharedAnswers {
  const kept = new LRUCache<string, Kept>({
    ttl: freshMs,
    maxSize: bytesAtMost,
    sizeCalculation: ({ body }, key) => body.length + key.length,
  })
  const making = new Map<string, Promise<unknown>>()
  let generation = 0

  const keeper: SharedAnswers['keeper'] = (key) => {
    const born = generation
    return (answer) => {
      if (born === generation) kept.set(key, toKept(answer))
    }
  }
  return {
    isKept: (key) => kept.has(key),
    keeper,
    async send(request, reply, key) {
      const answer = kept.get(key)
      if (answer) await write(request, reply, answer)
      return answer !== undefined
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
      generation += 1
      kept.clear()
      making.clear()
    },
  }
}

type Kept = {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly etag: string
  /** Made for the first one who can read it. */
  readonly encoded: Map<Encoding, Promise<Buffer>>
}

function toKept({ body: text, headers }: Answer): Kept {
  const body = Buffer.from(text)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, headers, etag, encoded: new Map() }
}

async function write(request: FastifyRequest, reply: FastifyReply, answer: Kept): Promise<void> {
  reply.headers(answer.headers).header('etag', answer.etag)
  if (request.headers['if-none-match']?.includes(answer.etag)) {
    reply.header('vary', 'accept-encoding').code(304).send()
    return
  }
  await sendEncoded(request, reply, answer.body, (encoding) => {
    const known = answer.encoded.get(encoding) ?? encoders[encoding](answer.body)
    answer.encoded.set(encoding, known)
    return known
  })
}

type Encoding = 'br' | 'gzip'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)
/** Below this a packet is a packet. */
const encodedFromBytes = 1_200
/** Measured on a page of 24 cards: 4 is within 8 % of 11 and takes a millisecond. */
const brotliQuality = 4

const encoders: Readonly<Record<Encoding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) =>
    brotli(body, {
      params: { [zlib.BROTLI_PARAM_QUALITY]: brotliQuality, [zlib.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  gzip: (body) => zip(body, { level: 5 }),
}

/** Sends a body compressed as its reader can read it. */
export async function sendEncoded(
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
  encode: (encoding: Encoding) => Promise<Buffer> = (encoding) => encoders[encoding](body),
): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding')
  const accepts = String(request.headers['accept-encoding'] ?? '')
  const encoding = (['br', 'gzip'] as const).find((one) => new RegExp(`\\b${one}\\b`).test(accepts))
  if (!encoding || body.length < encodedFromBytes) return reply.send(body)
  return reply.header('content-encoding', encoding).send(await encode(encoding))
}
