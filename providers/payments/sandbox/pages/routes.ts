import { timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import T from 'typebox'
import { newCapability } from '#kernel/id'
import { readCursor, writeCursor } from '../api.ts'
import { readCard } from '../cards.ts'
import { send } from '../http.ts'
import * as operations from '../operations.ts'
import { problem } from '../operations.ts'
import { type Payment, pageUrl } from '../payment.ts'
import * as store from '../store.ts'
import { challengePage, fieldsPage, payPage } from './card-form.ts'
import { paymentPage, paymentsPage } from './dashboard.ts'
import { messagePage } from './layout.ts'

const paymentsOnPage = 50

const PageParams = T.Object({ id: T.String({ pattern: '^pay_[0-9a-z]{26}$' }), secret: T.String({ maxLength: 100 }) })
const CardFields = {
  number: T.String({ maxLength: 40 }),
  expiry: T.String({ maxLength: 12 }),
  cvc: T.String({ maxLength: 8 }),
}
const CardForm = T.Object(CardFields)
const TokenInput = T.Object({ publicKey: T.String({ maxLength: 100 }), ...CardFields })
const ChallengeForm = T.Object({ decision: T.Enum(['approve', 'decline', 'abandon']) })
const FieldsQuery = T.Object({
  key: T.String({ maxLength: 100 }),
  origin: T.String({ maxLength: 300 }),
  theme: T.Optional(T.Enum(['light', 'dark'])),
})

export type PageOptions = {
  readonly publicKey: string
  readonly shop: () => store.Shop
  /** Asked of whoever opens the dashboard where strangers could; null on a developer's own machine. */
  readonly password: string | null
}

/** All that people see: card fields, payment page, challenge, dashboard. */
export function pageRoutes(server: FastifyInstance, deps: operations.Deps, options: PageOptions): void {
  assetRoutes(server)
  fieldRoutes(server, deps, options)
  payRoutes(server, deps)
  challengeRoutes(server, deps)
  dashboardRoutes(server, deps, options)
}

const assets = { 'style.css': 'text/css', 'card.js': 'text/javascript', 'icon.svg': 'image/svg+xml' }

function assetRoutes(server: FastifyInstance): void {
  for (const [name, type] of Object.entries(assets)) {
    const content = readFile(new URL(`../assets/${name}`, import.meta.url))
    server.get(`/assets/${name}`, async (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .header('cache-control', 'public, max-age=300')
        .send(await content),
    )
  }
}

function fieldRoutes(server: FastifyInstance, deps: operations.Deps, { publicKey, shop }: PageOptions): void {
  server.get('/fields', { schema: { querystring: FieldsQuery } }, async (request, reply) => {
    const { key, origin, theme } = request.query as T.Static<typeof FieldsQuery>
    if (key !== publicKey || !shop().origins.includes(origin)) {
      const text = 'This shop is not registered with the provider: its address or its public key is another.'
      return page(reply.code(403), messagePage('No card fields here', text))
    }
    return page(reply, fieldsPage({ origin, publicKey, ...(theme ? { theme } : {}) }), { framedBy: origin })
  })

  server.post('/fields/tokens', { schema: { body: TokenInput } }, async (request, reply) => {
    const { publicKey: key, ...input } = request.body as T.Static<typeof TokenInput>
    // Only our own frame may turn cards into tokens.
    const { origin } = request.headers
    if (key !== publicKey || (origin !== undefined && origin !== new URL(deps.pagesUrl()).origin)) {
      return send(reply, problem(403, 'forbidden', 'Cards are given in the fields of the provider only.'))
    }
    const read = readCard(input, await store.clock(deps.pool))
    if (!read.ok) {
      return send(reply, problem(422, 'card-invalid', 'The card cannot be used.', { errors: read.problems }))
    }
    const id = newCapability('tok')
    await store.insertCardToken(deps.pool, { id, behavior: read.behavior, card: read.card })
    return reply.code(201).send({ token: id, card: read.card })
  })
}

function payRoutes(server: FastifyInstance, deps: operations.Deps): void {
  const schema = { params: PageParams }
  server.get('/pay/:id/:secret', { schema }, async (request, reply) => {
    const payment = await paymentOf(deps, request)
    if (!payment) return unknownPayment(reply)
    return payment.status === 'requires_card'
      ? page(reply, payPage(payment, deps.pagesUrl()), { sendsTo: payment })
      : onward(reply, deps, payment)
  })

  server.post('/pay/:id/:secret', { schema: { ...schema, body: CardForm } }, async (request, reply) => {
    const payment = await paymentOf(deps, request)
    if (!payment) return unknownPayment(reply)
    const read = readCard(request.body as T.Static<typeof CardForm>, await store.clock(deps.pool))
    if (!read.ok && payment.status === 'requires_card') {
      return page(reply.code(422), payPage(payment, deps.pagesUrl(), read.problems), { sendsTo: payment })
    }
    const moved = read.ok ? await operations.giveCard(deps, payment.id, read.behavior, read.card) : null
    return onward(reply, deps, moved ?? payment)
  })

  server.post('/pay/:id/:secret/cancel', { schema }, async (request, reply) => {
    const payment = await paymentOf(deps, request)
    if (!payment) return unknownPayment(reply)
    return onward(reply, deps, (await operations.cancelByShopper(deps, payment.id)) ?? payment)
  })
}

function challengeRoutes(server: FastifyInstance, deps: operations.Deps): void {
  const schema = { params: PageParams }
  server.get('/challenge/:id/:secret', { schema }, async (request, reply) => {
    const payment = await paymentOf(deps, request)
    if (!payment) return unknownPayment(reply)
    return payment.status === 'requires_challenge'
      ? page(reply, challengePage(payment, deps.pagesUrl()), { sendsTo: payment })
      : onward(reply, deps, payment)
  })

  server.post('/challenge/:id/:secret', { schema: { ...schema, body: ChallengeForm } }, async (request, reply) => {
    const payment = await paymentOf(deps, request)
    if (!payment) return unknownPayment(reply)
    const { decision } = request.body as T.Static<typeof ChallengeForm>
    if (decision === 'abandon') return leave(reply, payment, 'abandoned')
    return onward(reply, deps, (await operations.answerChallenge(deps, payment.id, decision === 'approve')) ?? payment)
  })
}

function dashboardRoutes(server: FastifyInstance, deps: operations.Deps, { shop, password }: PageOptions): void {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    if (password === null || matches(passwordIn(request.headers.authorization), password)) return
    await reply
      .code(401)
      .header('www-authenticate', 'Basic realm="Sandbox dashboard"')
      .send('Password: the secret key.')
  }

  const DashboardQuery = T.Object({ before: T.Optional(T.String({ maxLength: 200 })) })
  server.get('/', { onRequest, schema: { querystring: DashboardQuery } }, async (request, reply) => {
    const { before } = request.query as T.Static<typeof DashboardQuery>
    const found = await store.listPayments(deps.pool, {
      since: new Date(0),
      after: before === undefined ? null : readCursor(before),
      limit: paymentsOnPage,
      newestFirst: true,
    })
    const last = found.at(-1)?.payment
    const older = last && found.length === paymentsOnPage ? `/?before=${writeCursor(last)}` : null
    return page(reply, paymentsPage(found, shop(), older))
  })

  const params = T.Object({ id: PageParams.properties.id })
  server.get('/payments/:id', { onRequest, schema: { params } }, async (request, reply) => {
    const found = await store.findById(deps.pool, (request.params as T.Static<typeof params>).id)
    if (!found) return unknownPayment(reply)
    return page(reply, paymentPage(found.payment, found.refunds, await store.eventsOf(deps.pool, found.payment.id)))
  })
}

/** The payment of a page, for those who know its secret. */
async function paymentOf(deps: operations.Deps, request: FastifyRequest): Promise<Payment | null> {
  const { id, secret } = request.params as T.Static<typeof PageParams>
  const found = await store.findById(deps.pool, id)
  return found && matches(secret, found.payment.pageSecret) ? found.payment : null
}

function matches(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function passwordIn(authorization = ''): string {
  const credentials = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64').toString()
  return credentials.slice(credentials.indexOf(':') + 1)
}

/** Where a shopper goes when the page at hand is done: the next page, or back to the shop. */
function onward(reply: FastifyReply, deps: operations.Deps, payment: Payment) {
  const waits = payment.status === 'requires_card' || payment.status === 'requires_challenge'
  return waits ? reply.redirect(pageUrl(payment, deps.pagesUrl()), 303) : leave(reply, payment, payment.status)
}

function leave(reply: FastifyReply, payment: Payment, result: string) {
  if (payment.returnUrl === null) {
    return page(reply, messagePage('That is all', `The payment is ${result}. You can close this page.`))
  }
  const url = new URL(payment.returnUrl)
  url.searchParams.set('payment', payment.id)
  url.searchParams.set('result', result)
  return reply.redirect(url.href, 303)
}

const unknownPayment = (reply: FastifyReply) =>
  page(
    reply.code(404),
    messagePage('There is no such payment', 'The link is incomplete, or it belongs to another sandbox.'),
  )

function page(
  reply: FastifyReply,
  markup: string,
  { framedBy, sendsTo }: { framedBy?: string; sendsTo?: Payment } = {},
) {
  // Browsers hold a form to its `form-action` through redirects too, so the way back to the shop is named.
  const back = sendsTo?.returnUrl ? ` ${new URL(sendsTo.returnUrl).origin}` : ''
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action 'self'${back}`,
    "base-uri 'none'",
    `frame-ancestors ${framedBy ?? "'none'"}`,
  ]
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy.join('; '))
    .header('cache-control', 'no-store')
    .send(markup)
}
