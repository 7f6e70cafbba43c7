import { hash } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, gzip, gzipSync, constants as zlib } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A text as it is sent, with all its headers but those of its encoding. */
export type Answer = { readonly body: string; readonly headers: Readonly<Record<string, string>> }

/** An answer with its ETag, in each encoding that somebody has asked for, made once. */
export type AnswerBytes = {
  readonly etag: string
  readonly plain: Ready & { readonly bytes: Bytes }
  readonly unchanged: Ready
  readonly encoded: Map<Encoding, Ready>
  readonly encoding: Map<Encoding, Promise<Ready>>
}

/** A head with all its headers, and what follows it. */
type Ready = { readonly status: 200 | 304; readonly headers: OutgoingHttpHeaders; readonly bytes: Bytes | null }

/**
 * What was sent before is a text of one character each, since Node sends such a text together with the head. Most answers are sent once:
 * as the bytes that they are, outside of the heap, which would be full of them long before it is cleared.
 */
type Bytes = { readonly length: number; content: Buffer | string; wereSent: boolean }
const toBytes = (buffer: Buffer): Bytes => ({ length: buffer.length, content: buffer, wereSent: false })

function toSend(bytes: Bytes): Buffer | string {
  if (bytes.wereSent && typeof bytes.content !== 'string') bytes.content = bytes.content.toString('latin1')
  bytes.wereSent = true
  return bytes.content
}

export function toAnswerBytes({ body: text, headers }: Answer): AnswerBytes {
  const body = Buffer.from(text)
  const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
  const all = { ...headers, etag, vary: 'accept-encoding' }
  return {
    etag,
    plain: { status: 200, headers: { ...all, 'content-length': body.length }, bytes: toBytes(body) },
    unchanged: { status: 304, headers: all, bytes: null },
    encoded: new Map(),
    encoding: new Map(),
  }
}

/** What is ready to be sent to who asks with these headers; null when it has to be compressed first. */
export function readyFor(answer: AnswerBytes, { headers }: IncomingMessage): Ready | null {
  if (headers['if-none-match']?.includes(answer.etag)) return answer.unchanged
  const encoding = encodingFor(answer, headers)
  return encoding ? (answer.encoded.get(encoding) ?? null) : answer.plain
}

/** Compresses it, unless somebody has, as who asks with these headers can read it. */
export async function makeReadyFor(answer: AnswerBytes, request: IncomingMessage): Promise<void> {
  const encoding = encodingFor(answer, request.headers)
  if (!encoding || answer.encoded.has(encoding)) return
  const making = answer.encoding.get(encoding) ?? encode(answer.plain, encoding)
  answer.encoding.set(encoding, making)
  answer.encoded.set(encoding, await making)
}

async function encode({ headers, bytes: { content } }: AnswerBytes['plain'], encoding: Encoding): Promise<Ready> {
  const encoded = await encoders[encoding](typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
  const own = { 'content-encoding': encoding, 'content-length': encoded.length }
  return { status: 200, headers: { ...headers, ...own }, bytes: toBytes(encoded) }
}

const encodingFor = (answer: AnswerBytes, headers: IncomingMessage['headers']): Encoding | null =>
  answer.plain.bytes.length < encodedFromBytes ? null : readableEncoding(headers)

/** Writes head and body at once. */
export function writeReady(response: ServerResponse, { status, headers, bytes }: Ready): void {
  response.writeHead(status, headers)
  if (bytes === null) response.end()
  else response.end(toSend(bytes), 'latin1')
}

type Encoding = 'br' | 'gzip'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)
/** Below this a packet is a packet. */
const encodedFromBytes = 1_200
/** To hand so much to another thread and back takes more than to compress it here. */
const encodedHereToBytes = 128 * 1024
/** Most pages are asked for once. Measured on one of 24 cards: 3 is within 4 % of 4 and takes two thirds of its time. */
const brotliQuality = 3
const gzipLevel = 3

/**
 * How much room is made for what comes of it at once. Most comes to less, and keeps all of its room: of zlib's 16 KB, a listing would need
 * three.
 */
const roomFor = ({ length }: Buffer): number => Math.max(1_024, length >> 2)

const encoders: Readonly<Record<Encoding, (body: Buffer) => Buffer | Promise<Buffer>>> = {
  br(body) {
    const params = { [zlib.BROTLI_PARAM_QUALITY]: brotliQuality, [zlib.BROTLI_PARAM_SIZE_HINT]: body.length }
    const options = { params, chunkSize: roomFor(body) }
    return body.length > encodedHereToBytes ? brotli(body, options) : brotliCompressSync(body, options)
  },
  gzip(body) {
    const options = { level: gzipLevel, chunkSize: roomFor(body) }
    return body.length > encodedHereToBytes ? zip(body, options) : gzipSync(body, options)
  },
}

/** A weight of zero refuses an encoding (RFC 9110, section 12.4.2). */
const readable: readonly (readonly [Encoding, RegExp])[] = [
  ['br', /\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i],
  ['gzip', /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i],
]

export const readableEncoding = ({ 'accept-encoding': accepts }: IncomingMessage['headers']): Encoding | null => {
  if (accepts === undefined) return null
  return readable.find(([, name]) => name.test(String(accepts)))?.[0] ?? null
}

/** Sends a body compressed as its reader can read it. */
export async function sendEncoded(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<FastifyReply> {
  reply.header('vary', 'accept-encoding')
  const encoding = body.length < encodedFromBytes ? null : readableEncoding(request.headers)
  if (!encoding) return reply.send(body)
  return reply.header('content-encoding', encoding).send(await encoders[encoding](body))
}
