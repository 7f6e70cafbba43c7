import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { catalog as contract } from '#contracts/catalog'
import { serviceCall, withCall } from '#kernel/call'
import { notFound } from '#kernel/problem'
import { type Deps, remembered } from '../deps.ts'
import { readInput } from '../form.ts'
import type { Market } from '../views.ts'

/** Products a page of `scan`, and pages a file: 10,000 products with their alternates stay below the protocol's
 *  50,000 addresses and 50 MB a file (sitemaps.org) with room for five markets. */
const productsAPage = 500
const pagesAFile = 20
/** A site map is a hint; crawlers come once a day. */
const indexKeptMs = 60 * 60_000

/** The site map: an index, a file of pages, and as many files of products as it takes, each streamed from the catalog. */
export function siteMapRoutes(app: FastifyInstance, deps: Deps): void {
  const { publicUrl } = deps.shop
  const index = remembered(indexKeptMs, () => fileCursors(deps))
  const ask = <R>(work: () => Promise<R>): Promise<R> => withCall(serviceCall('edge', { timeoutMs: 30_000 }), work)

  app.get('/sitemap.xml', async (_, reply) => {
    const cursors = await ask(index)
    const files = [
      '/sitemaps/pages.xml',
      ...cursors.map((cursor) => `/sitemaps/products.xml${cursor ? `?after=${encodeURIComponent(cursor)}` : ''}`),
    ]
    const entries = files.map((file) => `<sitemap><loc>${escapeXml(publicUrl + file)}</loc></sitemap>`)
    return reply
      .type('application/xml; charset=utf-8')
      .send(
        `${xmlHead}<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${entries.join('')}</sitemapindex>\n`,
      )
  })

  app.get('/sitemaps/pages.xml', async (_, reply) => {
    const [markets, categories] = await ask(() => Promise.all([deps.markets(), deps.categories()]))
    const paths = [
      '/',
      '/products',
      ...categories.map(({ handle }) => `/categories/${encodeURIComponent(handle)}`),
      ...deps.settings.pages.map(({ slug }) => `/pages/${slug}`),
    ]
    const entries = paths.flatMap((path) => addresses(publicUrl, path, markets, null))
    return reply.type('application/xml; charset=utf-8').send(`${urlSetHead}${entries.join('')}</urlset>\n`)
  })

  app.get('/sitemaps/products.xml', async (request, reply) => {
    const { after } = request.query as { after?: unknown }
    const read = readInput(contract.operations.scan, {
      limit: productsAPage,
      ...(after === undefined ? {} : { cursor: after }),
    })
    if (!read.ok) throw notFound('site map at this address')
    const first = await ask(() => Promise.all([deps.markets(), deps.catalog.scan(read.value)]))
    return reply
      .type('application/xml; charset=utf-8')
      .send(Readable.from(productEntries(deps, ask, first[0], first[1])))
  })

  app.get('/robots.txt', async (_, reply) => {
    // Personal pages say noindex themselves; what is listed here only saves crawlers the way.
    const lines = [
      'User-agent: *',
      'Disallow: /api/',
      'Disallow: /*/cart',
      'Disallow: /cart',
      'Disallow: /*/checkout',
      'Disallow: /checkout',
      'Disallow: /account',
      'Disallow: /admin',
      '',
      `Sitemap: ${publicUrl}/sitemap.xml`,
      '',
    ]
    return reply.type('text/plain; charset=utf-8').send(lines.join('\n'))
  })
}

const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n'
const urlSetHead = `${xmlHead}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">`

type Scanned = Awaited<ReturnType<Deps['catalog']['scan']>>

async function* productEntries(
  deps: Deps,
  ask: <R>(work: () => Promise<R>) => Promise<R>,
  markets: readonly Market[],
  first: Scanned,
): AsyncGenerator<string> {
  yield urlSetHead
  let page: Scanned = first
  for (let pages = 1; page.ok; pages++) {
    const { items, nextCursor } = page.value
    yield items
      .filter(({ status }) => status === 'active')
      .flatMap(({ handle, updatedAt }) =>
        addresses(deps.shop.publicUrl, `/products/${encodeURIComponent(handle)}`, markets, updatedAt),
      )
      .join('')
    if (nextCursor === null || pages === pagesAFile) break
    page = await ask(() => deps.catalog.scan({ cursor: nextCursor, limit: productsAPage }))
  }
  yield '</urlset>\n'
}

/** Where each file of products begins; null stands for the beginning. */
async function fileCursors(deps: Deps): Promise<readonly (string | null)[]> {
  const cursors: (string | null)[] = [null]
  let cursor: string | null = null
  for (let pages = 1; ; pages++) {
    const page: Scanned = await deps.catalog.scan({ limit: productsAPage, ...(cursor === null ? {} : { cursor }) })
    if (!page.ok || page.value.nextCursor === null) return cursors
    cursor = page.value.nextCursor
    if (pages % pagesAFile === 0) cursors.push(cursor)
  }
}

/** A page in every market, each naming its sisters. */
function addresses(origin: string, path: string, markets: readonly Market[], lastModified: string | null): string[] {
  const at = (market: Market): string =>
    `${origin}${market.default ? '' : `/${market.code}`}${path === '/' && !market.default ? '' : path}`
  const alternates =
    markets.length < 2
      ? ''
      : markets
          .flatMap((market) =>
            (market.default ? ['x-default', 'en'] : market.countries.map((country) => `en-${country}`)).map(
              (language) => `<xhtml:link rel="alternate" hreflang="${language}" href="${escapeXml(at(market))}"/>`,
            ),
          )
          .join('')
  const date = lastModified === null ? '' : `<lastmod>${escapeXml(lastModified)}</lastmod>`
  return markets.map((market) => `<url><loc>${escapeXml(at(market))}</loc>${date}${alternates}</url>`)
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
