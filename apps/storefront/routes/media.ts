import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { catalog as contract } from '#contracts/catalog'
import { serviceCall, withCall } from '#kernel/call'
import type { Input } from '#kernel/contract'
import { notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { readInput } from '../form.ts'
import { secureHeaders } from '../headers.ts'
import { isSecure } from '../visit.ts'

type Picture = { readonly type: string; readonly etag: string; readonly body: Buffer; readonly brotli: Buffer | null }

/** Bytes of pictures kept at hand: what a busy listing shows, and a small part of any machine's memory. */
const keptBytesAtMost = 48 * 1024 * 1024

/**
 * Pictures by the hash of their bytes: the same address never shows another picture, so it may be kept for ever.
 * `?w=640` asks for one that is made for a place of that width: a photograph no wider, and a drawing as it is, which is
 * smaller than any copy and sharp on every screen. `?raster=1280` draws it, for those who cannot show drawings.
 */
export function mediaRoutes(app: FastifyInstance, deps: Deps): void {
  const find = pictureFinder(deps)
  app.get('/media/:mediaId', async (request, reply) => {
    const { mediaId } = request.params as { mediaId: string }
    const { w, raster } = request.query as { w?: unknown; raster?: unknown }
    const width = raster ?? w
    const read = readInput(contract.operations.media, {
      mediaId,
      ...(width === undefined ? {} : { width: Number(width) }),
    })
    if (!read.ok) throw notFound('picture at this address')
    const call = serviceCall('edge', {
      timeoutMs: 10_000,
      traceId: request.traceId,
      span: request.span,
      importance: 'browsing',
    })
    const picture = await withCall(call, () => find(read.value, raster === undefined))
    if (!picture) throw notFound('picture at this address')
    return sendPicture(request, reply, picture, isSecure(deps))
  })
}

type Wanted = Input<(typeof contract.operations)['media']>

/** How many pictures are remembered as being none that is drawn: some bytes each. */
const photographsAtMost = 50_000

function pictureFinder({ catalog }: Pick<Deps, 'catalog'>) {
  const kept = new LRUCache<string, Picture>({
    maxSize: keptBytesAtMost,
    sizeCalculation: ({ body, brotli: small }) => body.length + (small?.length ?? 0),
  })
  const photographs = new Set<string>()

  const ask = async (wanted: Wanted): Promise<Picture | null> => {
    const key = `${wanted.mediaId} ${wanted.width ?? ''}`
    const known = kept.get(key)
    if (known) return known
    const outcome = await catalog.media(wanted)
    if (!outcome.ok) return null
    const { contentType, base64, etag } = outcome.value
    const picture = await pack(contentType, etag, Buffer.from(base64, 'base64'))
    kept.set(key, picture)
    return picture
  }

  return async (wanted: Wanted, keepsDrawings: boolean): Promise<Picture | null> => {
    const { mediaId, width } = wanted
    if (width === undefined || !keepsDrawings || photographs.has(mediaId)) return ask(wanted)
    const original = await ask({ mediaId })
    if (original === null || original.brotli !== null) return original
    if (photographs.size >= photographsAtMost) photographs.clear()
    photographs.add(mediaId)
    return ask(wanted)
  }
}

const brotli = promisify(brotliCompress)

async function pack(type: string, etag: string, body: Buffer): Promise<Picture> {
  return {
    type,
    etag: `"${etag.replace(/[^\w-]/g, '')}"`,
    body,
    brotli: type === 'image/svg+xml' ? await brotli(body) : null,
  }
}

function sendPicture(request: FastifyRequest, reply: FastifyReply, picture: Picture, secure: boolean): FastifyReply {
  const { type, etag, body, brotli: small } = picture
  reply.headers({
    'cache-control': 'public, max-age=31536000, immutable',
    etag,
    // A picture may be opened by itself: whatever hides in an SVG then runs nothing and reaches nobody.
    'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'cross-origin-resource-policy': 'cross-origin',
    ...secureHeaders(secure),
  })
  if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send()
  reply.type(type)
  if (!small) return reply.send(body)
  reply.header('vary', 'accept-encoding')
  return /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
    ? reply.header('content-encoding', 'br').send(small)
    : reply.send(body)
}
