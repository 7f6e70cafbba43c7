import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Actor, type Importance, withCall } from '#kernel/call'
import { notFound } from '#kernel/problem'
import { authenticateRequest, refuseCrossOrigin, sessionCookieName } from '#kernel/public-api'
import type { SharedAnswer } from '#kernel/shared-answers'
import { type CartCookie, readCartCookie, unitsByCartCookie } from './cart-cookie.ts'
import type { Deps } from './deps.ts'
import type { PagePrivacy } from './headers.ts'
import type { Frame, Market, Place, Typed } from './views.ts'

/** One request to a page, in the market its address names. */
export type Visit = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly frame: Frame
  readonly market: Market
  readonly privacy: PagePrivacy
  /** Anonymous on pages that are the same for everyone: they do not ask who somebody is. */
  readonly actor: Actor
  readonly cart: CartCookie | null
  readonly form: Typed
  readonly params: Typed
  readonly query: Readonly<Record<string, unknown>>
  /** Where the page is kept for others who ask for the same; null for one that is made for one person. */
  readonly shared: { readonly key: string; readonly keep: (page: SharedAnswer) => void } | null
}

type Asked = Pick<FastifyRequest, 'url' | 'cookies'>

export type Page = (visit: Visit) => Promise<FastifyReply>

/** A shopper's patience, and longer than any single operation may take. */
const deadlineMs = 30_000

export type ShopRoutes = {
  readonly get: (path: string, privacy: PagePrivacy, page: Page) => void
  readonly post: (path: string, page: Page) => void
}

/** Adds pages at their path for the default market and below `/{market}` for the others. */
export function shopRoutes(app: FastifyInstance, deps: Deps, importance: Importance): ShopRoutes {
  const add = (method: 'GET' | 'POST', path: string, privacy: PagePrivacy, page: Page): void => {
    const handler = (request: FastifyRequest, reply: FastifyReply) => open(deps, request, reply, privacy, page)
    const config = {
      importance,
      ...(privacy === 'shared' ? { sharedKey: (request: Asked) => sharedKey(deps, request) } : {}),
    }
    app.route({ method, url: path, config, handler })
    app.route({ method, url: `/:market(^[a-z][a-z0-9-]{0,19}$)${path === '/' ? '' : path}`, config, handler })
  }
  return {
    get: (path, privacy, page) => add('GET', path, privacy, page),
    post: (path, page) => add('POST', path, 'personal', page),
  }
}

async function open(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  privacy: PagePrivacy,
  page: Page,
): Promise<FastifyReply> {
  refuseCrossOrigin(request)
  const shared = privacy === 'shared' ? sharedPlace(deps, request) : null
  if (shared && (await deps.answers.send(request, reply, shared.key))) return reply
  const anonymous = baseCall(request)
  const frame = await withCall(anonymous, () => frameOf(deps, marketIn(request)))
  const { publicUrl } = deps.shop
  const actor =
    privacy === 'personal' && hasSession(request, publicUrl)
      ? await withCall(anonymous, () => authenticateRequest(request, { authenticate: deps.authenticate, publicUrl }))
      : anonymous.actor
  const visit: Visit = {
    request,
    reply,
    frame,
    market: frame.market,
    privacy,
    actor,
    cart: readCartCookie(request, isSecure(deps), frame.market),
    form: (request.body ?? {}) as Typed,
    params: request.params as Typed,
    query: request.query as Record<string, unknown>,
    shared,
  }
  return withCall({ ...anonymous, actor }, () => page(visit))
}

/**
 * The corner that names the visitor is all that differs between those who ask for the same address. For who has neither signed in nor
 * chosen anything a page is kept under its address alone. Made of what is drawn, not of what was sent: a cookie that somebody made up
 * must not name the page of somebody else.
 */
function sharedKey(deps: Deps, request: Asked): string {
  const isSignedIn = hasSession(request, deps.shop.publicUrl)
  const carts = unitsByCartCookie(request, isSecure(deps))
  return isSignedIn || carts.length > 0 ? JSON.stringify([request.url, isSignedIn, carts]) : request.url
}

function sharedPlace(deps: Deps, request: FastifyRequest): NonNullable<Visit['shared']> {
  const key = sharedKey(deps, request)
  return { key, keep: deps.answers.keeper(key) }
}

const baseCall = (request: FastifyRequest) => ({
  actor: { kind: 'anonymous' } as const,
  traceId: request.traceId,
  span: request.span,
  deadline: Date.now() + deadlineMs,
  importance: request.routeOptions.config.importance ?? ('browsing' as const),
  idempotencyKey: null,
  address: request.ip,
  transactionOf: null,
})

export const isSecure = (deps: Pick<Deps, 'shop'>): boolean => deps.shop.publicUrl.startsWith('https:')

export const hasSession = (request: Pick<Asked, 'cookies'>, publicUrl: string): boolean =>
  Boolean(request.cookies[sessionCookieName(publicUrl)])

/** Throws when the address names no market of the shop. */
async function frameOf(deps: Deps, code: string | undefined): Promise<Frame> {
  const [markets, categories] = await Promise.all([deps.markets(), deps.categories()])
  const market = markets.find((one) => (code === undefined ? one.default : one.code === code && !one.default))
  if (!market) throw notFound('page at this address')
  const prefix = code === undefined ? '' : `/${code}`
  const known = deps.frames.get(prefix)
  if (known?.markets === markets && known.categories === categories) return known
  const frame = { ...deps.emptyFrame, market, markets, categories, prefix }
  deps.frames.set(prefix, frame)
  return frame
}

/**
 * Where a page is that answers a request; what answers a form has no address of its own. It begins with one slash: a link to
 * `//elsewhere.example` leads away, and browsers read a backslash as a slash.
 */
export const placeOf = (request: FastifyRequest, frame: Frame): Place => ({
  frame,
  path: request.method === 'GET' ? request.url.slice(frame.prefix.length).replace(/^[/\\]*/, '/') : '/',
})

/** What can be drawn around a page when no service answers. */
export function emptyFrame({
  shop,
  settings,
  built,
  slots,
}: Pick<Deps, 'shop' | 'settings' | 'built' | 'slots'>): Frame {
  const market = { code: '', name: '', currency: 'EUR', locale: 'en', countries: [], taxIncluded: true, default: true }
  return {
    shopName: shop.name,
    origin: shop.publicUrl,
    settings,
    market,
    markets: [],
    categories: [],
    prefix: '',
    assets: built.assets,
    slots,
  }
}

const marketIn = (request: FastifyRequest): string | undefined => (request.params as { market?: string }).market

/**
 * The frame that fits a request that failed: with the shop around it if that can be had. What stands where a market would
 * and is none (`/nope`) is an address of the first market.
 */
export async function frameForProblem(deps: Deps, request: FastifyRequest): Promise<Frame> {
  try {
    return await withCall(baseCall(request), async () => {
      const markets = await deps.markets()
      const isMarket = markets.some(({ code, default: isFirst }) => code === marketIn(request) && !isFirst)
      return frameOf(deps, isMarket ? marketIn(request) : undefined)
    })
  } catch {
    return deps.emptyFrame
  }
}
