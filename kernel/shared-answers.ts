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
  /**
   * Answers with what is kept under `key`. @returns false when there is nothing fresh: then nothing was sent
   * @param renew makes it anew by `once`: begun while what is kept may still be sent, so that nobody waits for what many ask for
   */
  send(request: FastifyRequest, reply: FastifyReply, key: string, renew?: () => Promise<unknown>): Promise<boolean>
  /** To be asked for before an answer is made: keeps it, unless something has changed since. */
  keeper(key: string): (answer: Answer) => void
  /** Makes something once for all who ask for it at this moment, and keeps the answer that `answerOf` sees in it. */
  once<R>(key: string, make: () => Promise<R>, answerOf: (made: R) => Answer | null): Promise<R>
  forget(): void
}

/** How long an answer may be used after the truth was asked for it, in milliseconds: "within a second" is what is promised. */
export const freshMs = 1_000
/** From this age on it is made anew when somebody asks. */
export const renewedFromMs = 500
/** Some thousand listings. Beyond it those that were not asked for longest go. */
const bytesAtMost = 64 * 1024 * 1024

export function sharedAnswers(): SharedAnswers {
  const kept = new LRUCache<string, Kept>({
    ttl: freshMs,
    maxSize: bytesAtMost,
    sizeCalculation: ({ plain }, key) => plain.length + key.length,
  })
  const making = new Map<string, Promise<unknown>>()
  let generation = 0
  let clearedAt = performance.now()

  const keeper: SharedAnswers['keeper'] = (key) => {
    const born = generation
    return (answer) => {
      if (born !== generation) return
      const now = performance.now()
      // What is asked for once and never again would otherwise stay until there is no room.
      if (now - clearedAt > freshMs) {
        kept.purgeStale()
        clearedAt = now
      }
      kept.set(key, toKept(answer))
    }
  }
  return {
    isKept: (key) => kept.has(key),
    keeper,
    async send(request, reply, key, renew) {
      const answer = kept.get(key)
      if (!answer) return false
      const isOld = renew && kept.getRemainingTTL(key) <= freshMs - renewedFromMs && !making.has(key)
      await write(request, reply, answer)
      // Where it fails, who asks after the last moment is told.
      if (isOld) renew().catch(() => undefined)
      return true
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
  readonly plain: Bytes
  /** All but those of its encoding, with its ETag. */
  readonly headers: Readonly<Record<string, string>>
  /** Made for the first one who can read them. */
  readonly encoded: Map<Encoding, Bytes>
  readonly encoding: Map<Encoding, Promise<Bytes>>
}

/** Bytes as a text of one character each: Node sends such a text together with the head, in one write where a buffer takes two. */
type Bytes = string
const toBytes = (buffer: Buffer): Bytes => buffer.toString('latin1')

function toKept({ body: text, headers }: Answer): Kept {
  const body = Buffer.from(text)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return {
    plain: toBytes(body),
    headers: { ...headers, etag, vary: 'accept-encoding' },
    encoded: new Map(),
    encoding: new Map(),
  }
}

async function write(request: FastifyRequest, reply: FastifyReply, answer: Kept): Promise<void> {
  if (request.headers['if-none-match']?.includes(answer.headers.etag as string)) {
    end(reply, 304, answer.headers, null)
    return
  }
  const encoding = answer.plain.length < encodedFromBytes ? null : readableEncoding(request)
  if (!encoding) return end(reply, 200, answer.headers, answer.plain)
  const bytes = answer.encoded.get(encoding) ?? (await encodedAs(answer, encoding))
  end(reply, 200, { ...answer.headers, 'content-encoding': encoding }, bytes)
}

function encodedAs(answer: Kept, encoding: Encoding): Promise<Bytes> {
  const known = answer.encoding.get(encoding)
  if (known) return known
  const made = encoders[encoding](Buffer.from(answer.plain, 'latin1')).then((buffer) => {
    const bytes = toBytes(buffer)
    answer.encoded.set(encoding, bytes)
    return bytes
  })
  answer.encoding.set(encoding, made)
  return made
}

/** Past everything that Fastify does for an answer that has yet to be made: this one is bytes with all their headers. */
function end(
  reply: FastifyReply,
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Bytes | null,
): void {
  reply.hijack()
  const length = bytes === null ? {} : { 'content-length': String(bytes.length) }
  reply.raw.writeHead(status, { ...(reply.getHeaders() as Record<string, string>), ...headers, ...length })
  if (bytes === null) reply.raw.end()
  else reply.raw.end(bytes, 'latin1')
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

const readableEncoding = (request: FastifyRequest): Encoding | null => {
  const accepts = request.headers['accept-encoding']
  if (accepts === undefined) return null
  return (['br', 'gzip'] as const).find((one) => new RegExp(`\\b${one}\\b`).test(String(accepts))) ?? null
}

/** Sends a body compressed as its reader can read it. */
export async function sendEncoded(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding')
  const encoding = body.length < encodedFromBytes ? null : readableEncoding(request)
  if (!encoding) return reply.send(body)
  return reply.header('content-encoding', encoding).send(await encoders[encoding](body))
}
