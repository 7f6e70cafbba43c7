import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readableEncoding } from '#kernel/answer-bytes'
import { notFound } from '#kernel/problem'
import { type Asset, assetsPath } from '../build.ts'
import type { Deps } from '../deps.ts'
import { secureHeaders } from '../headers.ts'
import { isSecure } from '../visit.ts'

const forEver = 'public, max-age=31536000, immutable'
/** For what has a fixed name by custom. */
const forADay = 'public, max-age=86400'

/** The built files, and those that browsers ask for by name. */
export function assetRoutes(app: FastifyInstance, deps: Deps): void {
  const { files } = deps.built
  const secure = isSecure(deps)
  // A file from memory costs no more than turning somebody away.
  const config = { importance: null }
  app.get(`${assetsPath}:name`, { config }, async (request, reply) => {
    const { name } = request.params as { name: string }
    const file = files.get(name)
    if (!file) throw notFound('file at this address')
    return sendAsset(request, reply, file, forEver, secure)
  })
  for (const name of ['favicon.ico', 'favicon.svg', 'apple-touch-icon.png', 'icon-192.png', 'icon-512.png']) {
    const file = files.get(name)
    if (!file) throw new Error(`storefront: the build has no ${name}`)
    app.get(`/${name}`, { config }, async (request, reply) => sendAsset(request, reply, file, forADay, secure))
  }
  app.get('/manifest.webmanifest', async (_, reply) => {
    const icon = (size: number) => ({
      src: `/icon-${size}.png`,
      sizes: `${size}x${size}`,
      type: 'image/png',
      purpose: 'any maskable',
    })
    return reply
      .type('application/manifest+json; charset=utf-8')
      .header('cache-control', forADay)
      .send(
        JSON.stringify({
          name: deps.shop.name,
          short_name: deps.shop.name,
          description: deps.settings.tagline,
          start_url: '/',
          display: 'browser',
          background_color: '#f6f5f1',
          theme_color: '#173a68',
          icons: [icon(192), icon(512)],
        }),
      )
  })
}

function sendAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  file: Asset,
  cacheControl: string,
  secure: boolean,
): FastifyReply {
  reply.headers({ 'cache-control': cacheControl, ...secureHeaders(secure) }).type(file.type)
  if (file.brotli || file.gzip) reply.header('vary', 'accept-encoding')
  const encoding = readableEncoding(request.headers)
  const encoded = encoding && { br: file.brotli, gzip: file.gzip }[encoding]
  return encoded ? reply.header('content-encoding', encoding).send(encoded) : reply.send(file.body)
}
