import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { cart } from '#contracts/cart'
import { catalog } from '#contracts/catalog'
import { identity } from '#contracts/identity'
import { orders } from '#contracts/orders'
import { payments } from '#contracts/payments'
import { pricing } from '#contracts/pricing'
import { search } from '#contracts/search'
import { shipping } from '#contracts/shipping'
import type { Actor } from '#kernel/call'
import type { Client } from '#kernel/client'
import type { Contract } from '#kernel/contract'
import type { EdgeApp } from '#kernel/edge'
import { notFound, ProblemError } from '#kernel/problem'
import type { ShopFacts } from '#kernel/service'
import type { SharedAnswers } from '#kernel/shared-answers'
import { build } from './build.ts'
import { type Deps, remembered } from './deps.ts'
import { readForm } from './form.ts'
import { accountRoutes } from './routes/account.ts'
import { assetRoutes } from './routes/assets.ts'
import { cartRoutes } from './routes/cart.ts'
import { checkoutRoutes } from './routes/checkout.ts'
import { homeRoutes } from './routes/home.ts'
import { listingRoutes } from './routes/listing.ts'
import { mediaRoutes } from './routes/media.ts'
import { orderRoutes } from './routes/orders.ts'
import { productRoutes } from './routes/product.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { siteMapRoutes } from './routes/site-map.ts'
import { textRoutes } from './routes/text.ts'
import { sendProblemPage } from './send.ts'
import type { StorefrontSettings } from './settings.ts'
import type { Views } from './views.ts'
import { emptyFrame, frameForProblem, shopRoutes } from './visit.ts'

export type StorefrontOptions = {
  readonly client: <C extends Contract>(contract: C) => Client<C>
  readonly shop: ShopFacts
  readonly settings: StorefrontSettings
  /** Who a session credential belongs to; anonymous when to nobody. */
  readonly authenticate: (credential: string) => Promise<Actor>
  readonly answers: SharedAnswers
  readonly log: Logger
}

/** Bytes of a form: an address and some remarks. Files are never sent to the shop. */
const formBytesAtMost = 64 * 1024
/** Markets come from the configuration; categories change when staff change them. Nothing is decided by either. */
const marketsKeptMs = 60_000
const categoriesKeptMs = 5_000

/** The shop as people see it: pages drawn on the server, every action a link or a form. */
export function storefront(options: StorefrontOptions): EdgeApp {
  return async (app) => {
    const deps = await createDeps(options)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: formBytesAtMost },
      async (_: FastifyRequest, body: string) => readForm(body),
    )
    app.setErrorHandler((error, request, reply) => showError(deps, error, request, reply))

    const browsing = shopRoutes(app, deps, 'browsing')
    homeRoutes(browsing, deps)
    listingRoutes(browsing, deps)
    productRoutes(browsing, deps)
    textRoutes(browsing, deps)
    cartRoutes(shopRoutes(app, deps, 'cart'), deps)
    const checkout = shopRoutes(app, deps, 'checkout')
    checkoutRoutes(checkout, deps)
    orderRoutes(checkout, deps)
    const account = shopRoutes(app, deps, 'account')
    accountRoutes(account, deps)
    signInRoutes(account, deps)
    mediaRoutes(app, deps)
    siteMapRoutes(app, deps)
    assetRoutes(app, deps)
    app.route({
      method: ['GET', 'POST'],
      url: '/*',
      handler: async () => {
        throw notFound('page at this address')
      },
    })
  }
}

async function createDeps({ client, shop, settings, authenticate, answers, log }: StorefrontOptions): Promise<Deps> {
  const pricingClient = client(pricing)
  const catalogClient = client(catalog)
  const drawn = { shop, settings, built: await build(), slots: { nonce: newSlot(), visitor: newSlot() } }
  return {
    ...drawn,
    catalog: catalogClient,
    search: client(search),
    pricing: pricingClient,
    cart: client(cart),
    orders: client(orders),
    payments: client(payments),
    shipping: client(shipping),
    identity: client(identity),
    authenticate,
    answers,
    log,
    markets: remembered(marketsKeptMs, async () => {
      const outcome = await pricingClient.markets({})
      return outcome.ok ? outcome.value.items : []
    }),
    categories: remembered(categoriesKeptMs, async () => {
      const outcome = await catalogClient.categories({})
      return outcome.ok ? outcome.value.items.toSorted((a, b) => a.position - b.position) : []
    }),
    frames: new Map(),
    emptyFrame: emptyFrame(drawn),
  }
}

/** Nobody can write a product description that holds a mark nobody can guess, and so be given a nonce. */
const newSlot = (): string => `slot${randomBytes(16).toString('hex')}`

/** What went wrong as a page: the same rules as the API's problems, told to a person. */
async function showError(
  deps: Deps,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const view = problemView(error, request.traceId)
  if (view.status >= 500) {
    deps.log.error({ err: error, trace_id: request.traceId, route: request.routeOptions.url }, 'page failed')
  }
  const retryAfter = error instanceof ProblemError ? error.retryAfterSeconds : null
  if (retryAfter !== null) reply.header('retry-after', String(retryAfter))
  const frame = await frameForProblem(deps, request)
  return sendProblemPage(deps, { request, reply, frame }, view)
}

function problemView(error: unknown, traceId: string): Views['problem'] {
  const status =
    error instanceof ProblemError ? error.problem.status : ((error as { statusCode?: number }).statusCode ?? 500)
  const words: Readonly<Record<number, readonly [title: string, detail: string]>> = {
    403: [
      'This came from somewhere else',
      'The form was sent from another site, so we did not follow it. Please start again from here.',
    ],
    404: [
      'There is nothing here',
      'The page you are looking for has moved, or it never was. These are places to go on from:',
    ],
    410: ['This is no longer sold', 'We do not have it any more. These are places to go on from:'],
    413: ['That was too much', 'What you sent is longer than any form of ours.'],
    415: ['That is no form of ours', 'Please use the forms of the shop.'],
    429: ['A little slower, please', 'There were too many attempts in a short time. Wait a minute, then try again.'],
    503: [
      'We will be right back',
      'A part of the shop does not answer at the moment. Please try again in a few seconds.',
    ],
  }
  const known = words[status]
  if (known) return { status, title: known[0], detail: known[1], traceId: status === 503 ? traceId : null }
  if (status >= 400 && status < 500) {
    return {
      status,
      title: 'That did not work',
      detail: 'Please check the address or the form and try again.',
      traceId: null,
    }
  }
  return {
    status: 500,
    title: 'Something went wrong on our side',
    detail: 'It is not your fault. Please try again in a minute.',
    traceId,
  }
}
