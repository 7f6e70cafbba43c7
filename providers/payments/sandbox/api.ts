import type { FastifyInstance, FastifyRequest } from 'fastify'
import T from 'typebox'
import type { Operation } from './behavior.ts'
import type { Answering } from './http.ts'
import * as operations from './operations.ts'
import { type Answer, keyed, problem } from './operations.ts'
import { present } from './payment.ts'
import * as store from './store.ts'

/** Far above any order, and far below 2^53. */
const maxAmount = 999_999_999_999
const maxPageSize = 100

const Key = T.String({ pattern: '^[\\x21-\\x7e]{1,200}$' })
const OrderId = T.String({ pattern: '^[\\x21-\\x7e]{1,100}$' })
const Amount = T.Object({
  amount: T.Integer({ minimum: 1, maximum: maxAmount }),
  currency: T.String({ pattern: '^[A-Z]{3}$' }),
})
const HttpUrl = T.Refine(T.String({ maxLength: 2_000 }), isHttpUrl, () => 'must be an address with http or https')
const PaymentId = T.Object({ id: T.String({ minLength: 1, maxLength: 100 }) })

const PaymentInput = T.Object({
  orderId: OrderId,
  amount: Amount,
  /** Whatever the shopper's browser sent: one that is none of ours is declined. */
  token: T.Optional(T.String({ minLength: 1, maxLength: 255 })),
  captureNow: T.Boolean(),
  returnUrl: T.Optional(HttpUrl),
})
const AmountInput = T.Object({ amount: Amount })
const AbandonInput = T.Object({ orderId: OrderId, attemptKey: Key })
const pageFields = {
  since: T.Optional(T.String({ format: 'date-time' })),
  cursor: T.Optional(T.String({ pattern: '^[0-9A-Za-z_-]{1,200}$' })),
  limit: T.Optional(T.Integer({ minimum: 1, maximum: maxPageSize })),
}
const ListQuery = T.Object({ orderId: T.Optional(OrderId), ...pageFields })
const EventsQuery = T.Object(pageFields)
const ShopInput = T.Object({
  webhookUrl: T.Union([HttpUrl, T.Null()]),
  origins: T.Array(HttpUrl, { maxItems: 20 }),
})

/** The API for shops: `/v1/payments` and what can be done to them. */
export function paymentRoutes(
  server: FastifyInstance,
  deps: operations.Deps,
  { answering, register }: { answering: Answering; register: (shop: store.Shop) => Promise<void> },
): void {
  server.post(
    '/v1/payments',
    { schema: { body: PaymentInput } },
    answering('create', (request) =>
      withKey(request, 'create', (key) => {
        const { token, ...order } = request.body as T.Static<typeof PaymentInput>
        return operations.createPayment(deps, key, { ...order, attemptKey: key.key }, token)
      }),
    ),
  )

  server.post(
    '/v1/payments/:id/capture',
    { schema: { body: AmountInput, params: PaymentId } },
    answering('capture', (request) =>
      withKey(request, 'capture', (key) => operations.capturePayment(deps, key, idOf(request), amountOf(request))),
    ),
  )

  server.post(
    '/v1/payments/:id/void',
    { schema: { params: PaymentId } },
    answering('void', (request) => withKey(request, 'void', (key) => operations.voidPayment(deps, key, idOf(request)))),
  )

  server.post(
    '/v1/payments/:id/refunds',
    { schema: { body: AmountInput, params: PaymentId } },
    answering('refund', (request) =>
      withKey(request, 'refund', (key) => operations.refundPayment(deps, key, idOf(request), amountOf(request))),
    ),
  )

  server.post(
    '/v1/payments/abandon',
    { schema: { body: AbandonInput } },
    answering('abandon', (request) => {
      const { orderId, attemptKey } = request.body as T.Static<typeof AbandonInput>
      return operations.abandonAttempt(deps, { orderId, key: attemptKey })
    }),
  )

  server.get(
    '/v1/payments/:id',
    { schema: { params: PaymentId } },
    answering('read', async (request) => {
      const found = await store.findById(deps.pool, idOf(request))
      if (!found) return problem(404, 'not-found', 'There is no such payment.')
      return { status: 200, body: JSON.stringify(present(found.payment, found.refunds, deps.pagesUrl())) }
    }),
  )

  server.get(
    '/v1/payments',
    { schema: { querystring: ListQuery } },
    answering('read', (request) => list(deps, request.query as T.Static<typeof ListQuery>)),
  )

  server.get(
    '/v1/events',
    { schema: { querystring: EventsQuery } },
    answering('read', (request) => listEvents(deps, request.query as T.Static<typeof EventsQuery>)),
  )

  server.put('/v1/shop', { schema: { body: ShopInput } }, async (request, reply) => {
    await register(request.body as T.Static<typeof ShopInput>)
    return reply.code(204).send()
  })
}

async function list(deps: operations.Deps, query: T.Static<typeof ListQuery>): Promise<Answer> {
  const shown = (found: readonly store.Found[]) =>
    found.map(({ payment, refunds }) => present(payment, refunds, deps.pagesUrl()))
  if (query.orderId !== undefined) {
    const found = await store.findByOrder(deps.pool, query.orderId)
    return { status: 200, body: JSON.stringify({ items: shown(found), nextCursor: null }) }
  }
  const page = pageOf(query)
  if (!page) return notOurs
  const found = await store.listPayments(deps.pool, page)
  return paged(shown(found), found.length < page.limit ? undefined : found.at(-1)?.payment)
}

async function listEvents(deps: operations.Deps, query: T.Static<typeof EventsQuery>): Promise<Answer> {
  const page = pageOf(query)
  if (!page) return notOurs
  const found = await store.listUndelivered(deps.pool, page)
  const items = found.map(({ id, createdAt, body }) => ({ id, createdAt, event: JSON.parse(body) }))
  return paged(items, found.length < page.limit ? undefined : found.at(-1))
}

const notOurs = problem(422, 'validation-failed', 'cursor: is not one of ours')

/** @returns null for a cursor that is none of ours */
function pageOf({ since, cursor, limit = maxPageSize }: T.Static<typeof EventsQuery>) {
  const after = cursor === undefined ? null : readCursor(cursor)
  return cursor !== undefined && !after ? null : { since: new Date(since ?? 0), after, limit }
}

const paged = (items: readonly unknown[], last: { createdAt: Date; id: string } | undefined): Answer => ({
  status: 200,
  body: JSON.stringify({ items, nextCursor: last ? writeCursor(last) : null }),
})

export const writeCursor = (place: { createdAt: Date; id: string }): string =>
  Buffer.from(`${place.createdAt.toISOString()} ${place.id}`).toString('base64url')

export function readCursor(cursor: string): { createdAt: Date; id: string } | null {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const createdAt = new Date(at)
  return Number.isNaN(createdAt.getTime()) || !id ? null : { createdAt, id }
}

const idOf = (request: FastifyRequest): string => (request.params as T.Static<typeof PaymentId>).id

const amountOf = (request: FastifyRequest) => (request.body as T.Static<typeof AmountInput>).amount

async function withKey(
  request: FastifyRequest,
  operation: Operation,
  work: (key: operations.Keyed) => Promise<Answer>,
): Promise<Answer> {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key)) {
    return problem(400, 'key-required', 'Idempotency-Key is missing, or not 1 to 200 visible ASCII characters.')
  }
  return work(keyed(key, operation, [request.params, request.body]))
}

function isHttpUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}
