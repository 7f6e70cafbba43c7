import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { openDataFolder } from '#kernel/data-folder'
import { newId } from '#kernel/id'
import { freePorts } from '../cli/free-ports.ts'
import { type Api, apiAt } from './api.ts'
import { testDatabase } from './database.ts'
import { buy, eventually, sell } from './goods.ts'
import { ownerAccount, type TestShop } from './shop.ts'

// What bad input gets in money matters, through the doors that it comes by: a typed problem, nothing changed, the ledger
// balanced. The shop is a process of its own, so that its log can be read, and so that it can be killed.

const root = join(import.meta.dirname, '..')
const eur = (amount: number) => ({ amount, currency: 'EUR' })

describe('what bad input gets in money matters', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>
  let owner: pg.Pool
  let folder: string
  let variables: Record<string, string>
  let child: ChildProcess
  let log = ''
  let api: Api
  let shop: TestShop
  let variantId: string
  let second: string
  let sandbox: { url: string; key: string; webhookSecret: string }

  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start'], {
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const isReady = () =>
      api('GET', '/health/ready').then(
        ({ status }) => status === 200,
        () => false,
      )
    for (let look = 0; !(await isReady()); look++) {
      assert.ok(look < 600 && child.exitCode === null, log)
      await pause(100)
    }
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  before(async () => {
    database = await testDatabase()
    owner = new pg.Pool({ connectionString: database.url, max: 2 })
    owner.on('error', () => undefined)
    folder = await mkdtemp(join(tmpdir(), 'stoa-money-'))
    const [port, sandboxPort] = (await freePorts(2)) as [number, number]
    variables = {
      HOST: '127.0.0.1',
      PORT: String(port),
      STOA_PUBLIC_URL: `http://127.0.0.1:${port}`,
      STOA_SANDBOX_PORT: String(sandboxPort),
      STOA_DATA: folder,
      DATABASE_URL: database.url,
      STOA_DEMO: 'off',
      STOA_ADMIN_EMAIL: ownerAccount.email,
      STOA_ADMIN_PASSWORD: ownerAccount.password,
      STOA_LOG: 'warn',
    }
    const url = `http://127.0.0.1:${port}`
    api = apiAt(url)
    await start()
    const data = await openDataFolder(folder)
    sandbox = {
      url: `http://127.0.0.1:${sandboxPort}`,
      key: `sk_sandbox_${await data.secret('sandbox-key')}`,
      webhookSecret: `whsec_${Buffer.from(await data.secret('sandbox-webhook')).toString('base64')}`,
    }
    const staffToken = (await api('POST', '/api/auth/sign-in/email', ownerAccount)).body.token
    shop = { api, url, staffToken } as TestShop
    const account = { email: 'second@shop.example', password: 'another long one for staff' }
    const made = await staff('POST', '/api/admin/staff', { ...account, name: 'Second', roles: ['manager'] })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    second = (await api('POST', '/api/auth/sign-in/email', account)).body.token
    variantId = (await sell(shop, { handle: 'dear-mug', onHand: 100 })).variantId
  })
  after(async () => {
    await end('SIGTERM')
    await owner?.end()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const staff = (method: string, path: string, body?: unknown, token = shop.staffToken) =>
    api(method, path, body, { token })
  const rows = async (statement: string, values: readonly unknown[] = []) =>
    (await owner.query(statement, [...values])).rows
  const control = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(sandbox.url + path, {
      method,
      headers: {
        authorization: `Bearer ${sandbox.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(answer.ok, `${path}: ${answer.status}`)
    return answer.json() as Promise<{ answers: number[] }>
  }

  const placed = async (token = 'tok_ok') => {
    const { cart, checkout } = await buy(shop, variantId, { token })
    assert.equal(checkout.status, 201, JSON.stringify(checkout.body))
    const [payment] = await rows(
      'select id, provider_payment_id as theirs from payments.payments where order_id = $1',
      [checkout.body.order.id],
    )
    return { ...checkout.body.order, cartId: cart.id, payment, redirectUrl: checkout.body.payment.redirectUrl }
  }
  const captured = async () => {
    const order = await placed()
    const answer = await staff('POST', `/api/admin/orders/${order.id}/capture`, {})
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return order
  }

  /** Every row about money, ours and the provider's, and what stock and orders make of it. */
  const books = async () => {
    // What the provider has to tell of an order by itself is heard first.
    await control('POST', '/test/webhooks/flush')
    await eventually([], () =>
      rows(`select 1 from orders.outbox_deliveries where delivered_at is null
            union all select 1 from payments.outbox_deliveries where delivered_at is null`),
    )
    const tables = {
      'payments.order_payments': 'order_id, attempts, open, canceled',
      'payments.payments': '*',
      'payments.payment_operations': '*',
      'payments.webhook_inbox': '*',
      'payments.ledger_accounts': '*',
      'payments.ledger_transactions': '*',
      'payments.ledger_entries': '*',
      'payments.outbox': 'id',
      'orders.outbox': 'id',
      'orders.orders': 'id, state, version, payment_status, refunded, units_fulfilled',
      'orders.fulfillments': '*',
      'orders.order_history': '*',
      'inventory.holds': '*',
      'inventory.levels': '*',
      'sandbox_provider.payments': '*',
      'sandbox_provider.refunds': '*',
    }
    const all = Object.entries(tables).map(async ([table, columns]) => [
      table,
      await rows(`select ${columns} from ${table} order by 1, 2`.replace('select id from', 'select id, 1 from')),
    ])
    return Object.fromEntries(await Promise.all(all))
  }
  const balanced = async (): Promise<void> => {
    assert.deepEqual(await rows('select currency from payments.ledger_entries group by 1 having sum(amount) <> 0'), [])
  }
  /** Runs what must change nothing, and compares. */
  const changesNothing = async <R>(attempt: () => Promise<R>): Promise<R> => {
    const before = await books()
    const result = await attempt()
    assert.deepEqual(await books(), before)
    await balanced()
    return result
  }
  const logged = (word: string): number =>
    log.split('\n').filter((line) => line.includes(`"security":"${word}"`)).length

  for (const as of ['forged', 'stale', 'altered'] as const) {
    test(`a webhook that is ${as}: 400, a security event, nothing changed`, async () => {
      const order = await placed()
      const seen = logged('webhook-refused')
      const { answers } = await changesNothing(() =>
        control('POST', '/test/webhooks/send', { paymentId: order.payment.theirs, as }),
      )
      assert.deepEqual(answers, [400])
      assert.equal(logged('webhook-refused'), seen + 1)
    })
  }

  const send = async (data: unknown, at = new Date()) => {
    const id = newId('evt')
    const body = JSON.stringify({ type: 'payment.captured', timestamp: at.toISOString(), data })
    return api('POST', '/api/payments/webhooks/sandbox', body, {
      key: null,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': new Webhook(sandbox.webhookSecret).sign(id, at, body),
      },
    })
  }

  test('a webhook of a wrong amount, though it is signed: 400, a security event, nothing changed', async () => {
    const order = await placed()
    const about = { paymentId: order.payment.theirs, orderId: order.id }
    for (const money of [eur(1), eur(2_491), { amount: 2_490, currency: 'USD' }]) {
      const seen = logged('webhook-mismatch')
      const answer = await changesNothing(() => send({ ...about, ...money }))
      assert.deepEqual([answer.status, answer.body.type], [400, '/problems/payments/webhook-refused'])
      assert.equal(logged('webhook-mismatch'), seen + 1)
    }
    const right = await send({ ...about, ...eur(2_490) })
    assert.equal(right.status, 200)
  })

  test('a webhook that is replayed within its five minutes: heard, and nothing changed', async () => {
    const order = await captured()
    const paymentId = order.payment.theirs
    await control('POST', '/test/webhooks/flush')
    assert.deepEqual((await control('POST', '/test/webhooks/send', { paymentId })).answers, [200])
    const { answers } = await changesNothing(() =>
      control('POST', '/test/webhooks/send', { paymentId, as: 'genuine', copies: 3 }),
    )
    // What is sent again is what providers do; anything else would make them send it for days.
    assert.deepEqual(answers, [200, 200, 200])
  })

  test('a payment token of another cart: declined, nothing charged for it', async () => {
    const { items } = (await api('GET', '/api/payments/providers')).body
    const publicKey = new URL(items[0].fieldsUrl).searchParams.get('key')
    const card = { publicKey, number: '4242 4242 4242 4242', expiry: '12 / 40', cvc: '123' }
    const made = await fetch(`${sandbox.url}/fields/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(card),
    })
    const { token } = (await made.json()) as { token: string }
    const first = await placed(token)
    const money = async () => ({
      held: await rows("select * from payments.payments where status in ('authorized', 'captured') order by id"),
      moved: await rows('select * from payments.payment_operations order by id'),
      booked: await rows('select * from payments.ledger_entries order by id'),
      charged: await rows('select * from sandbox_provider.payments where authorized > 0 order by id'),
      allocated: await rows('select reserved, allocated from inventory.levels'),
    })
    await books()
    const before = await money()
    const { checkout } = await buy(shop, variantId, { token })
    assert.deepEqual(
      [checkout.status, checkout.body.type, checkout.body.reason],
      [402, '/problems/payments/declined', 'token-invalid'],
    )
    await books()
    assert.deepEqual(await money(), before)
    await balanced()
    assert.equal((await api('GET', `/api/orders/${first.id}?token=${first.token}`)).body.status, 'placed')
  })

  test('a refund above what was captured, of another currency, of nothing captured', async () => {
    const order = await captured()
    const path = `/api/admin/orders/${order.id}/refunds`
    const above = await changesNothing(() => staff('POST', path, { amount: eur(2_491), reason: 'Too much' }))
    assert.deepEqual(
      [above.status, above.body.type, above.body.largest],
      [409, '/problems/payments/amount-too-large', eur(2_490)],
    )
    const dollars = { amount: { amount: 100, currency: 'USD' }, reason: 'Dollars' }
    const foreign = await changesNothing(() => staff('POST', path, dollars))
    assert.deepEqual([foreign.status, foreign.body.type], [422, '/problems/validation-failed'])
    const held = await placed()
    const early = await changesNothing(() =>
      staff('POST', `/api/admin/orders/${held.id}/refunds`, { amount: eur(100), reason: 'Early' }),
    )
    assert.deepEqual([early.status, early.body.type], [409, '/problems/payments/nothing-to-refund'])
  })

  test('a capture of a canceled order', async () => {
    const order = await placed()
    const canceled = await staff('POST', `/api/admin/orders/${order.id}/cancel`, { reason: 'Out of season' })
    assert.equal(canceled.status, 200, JSON.stringify(canceled.body))
    await eventually(
      'voided',
      async () => (await rows('select status from payments.payments where order_id = $1', [order.id]))[0]?.status,
    )
    await control('POST', '/test/webhooks/flush')
    for (const [path, body] of [
      ['capture', {}],
      ['fulfillments', {}],
    ] as const) {
      const answer = await changesNothing(() => staff('POST', `/api/admin/orders/${order.id}/${path}`, body))
      assert.deepEqual(
        [answer.status, answer.body.type, answer.body.orderStatus],
        [409, '/problems/orders/not-allowed-now', 'canceled'],
      )
    }
  })

  test('two staff who refund at once: one does, the other is told, no more goes back than was taken', async () => {
    const order = await captured()
    const refund = (token: string) =>
      staff('POST', `/api/admin/orders/${order.id}/refunds`, { amount: eur(1_500), reason: 'At once' }, token)
    const answers = await Promise.all([refund(shop.staffToken), refund(second)])
    const [done, told] = answers.toSorted((a, b) => a.status - b.status)
    assert.deepEqual([done?.status, told?.status], [201, 409])
    assert.ok(
      ['/problems/payments/operation-in-flight', '/problems/payments/amount-too-large'].includes(told?.body.type),
      told?.body.type,
    )
    await books()
    await balanced()
    const [ours] = await rows('select captured::int, refunded::int from payments.payments where order_id = $1', [
      order.id,
    ])
    const [theirs] = await rows(
      'select captured::int, refunded::int from sandbox_provider.payments where order_id = $1',
      [order.id],
    )
    assert.deepEqual(
      [ours, theirs],
      [
        { captured: 2_490, refunded: 1_500 },
        { captured: 2_490, refunded: 1_500 },
      ],
    )
  })

  test('an authorization that lapsed: nothing is taken and nothing leaves; before it does, staff are warned', async () => {
    const order = await placed()
    const path = `/api/admin/orders/${order.id}`
    // At the provider too: whoever asks there meanwhile hears the same.
    const lapses = (interval: string) =>
      rows(
        `with lapse as (select date_trunc('milliseconds', now() + $2::interval) as at),
         theirs as (update sandbox_provider.payments set authorized_until = lapse.at from lapse where order_id = $1)
         update payments.payments set authorized_until = lapse.at from lapse where order_id = $1`,
        [order.id, interval],
      )
    const attention = async () => (await staff('GET', path)).body.attention.map(({ kind }: { kind: string }) => kind)
    const listed = async () =>
      (await staff('GET', '/api/admin/orders?attention=authorization-lapses')).body.items.map(
        ({ id }: { id: string }) => id,
      )
    await lapses('49 hours')
    assert.deepEqual([await attention(), await listed()], [[], []])
    await lapses('47 hours')
    assert.deepEqual([await attention(), await listed()], [['authorization-lapses'], [order.id]])
    await lapses('-1 hour')
    assert.deepEqual([await attention(), await listed()], [['authorization-lapsed'], [order.id]])
    for (const [what, body] of [
      ['capture', {}],
      ['fulfillments', {}],
    ] as const) {
      const answer = await changesNothing(() => staff('POST', `${path}/${what}`, body))
      assert.deepEqual([answer.status, answer.body.type], [409, '/problems/payments/authorization-lapsed'])
      assert.ok(Date.parse(answer.body.authorizedUntil) < Date.now())
    }
    assert.equal((await staff('POST', `${path}/cancel`, { reason: 'The money is gone' })).status, 200)
    assert.deepEqual(await listed(), [])
  })

  test('staff ask the provider: its own answer without a card’s number, and what it did by itself is learned', async () => {
    const order = await captured()
    await control('PUT', '/test/behavior', { webhooks: { drop: true } })
    const refunded = await fetch(`${sandbox.url}/v1/payments/${order.payment.theirs}/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${sandbox.key}`,
        'content-type': 'application/json',
        'idempotency-key': newId('dashboard'),
      },
      body: JSON.stringify({ amount: eur(700) }),
    })
    assert.equal(refunded.status, 200)
    const path = `/api/admin/payments/${order.id}`
    const known = await staff('GET', path)
    assert.deepEqual(known.body.payments[0].refunded, eur(0))
    assert.equal((await api('POST', `${path}/reconcile`, {})).status, 401)
    const asked = await staff('POST', `${path}/reconcile`, {}, second)
    await control('PUT', '/test/behavior', {})
    assert.equal(asked.status, 200, JSON.stringify(asked.body))
    const [payment] = asked.body.payments
    assert.deepEqual(
      [payment.refunded, payment.providerPaymentId, payment.raw.id, payment.raw.refunded],
      [eur(700), order.payment.theirs, order.payment.theirs, eur(700)],
    )
    assert.deepEqual(
      asked.body.operations.map(({ kind, status, by }: Record<string, string>) => [kind, status, by === 'provider']),
      [
        ['authorize', 'captured', false],
        ['capture', 'succeeded', false],
        ['refund', 'succeeded', true],
      ],
    )
    assert.doesNotMatch(JSON.stringify(asked.body), /4242 ?4242|cvc|expiry/i)
    await eventually(eur(700), async () => (await staff('GET', `/api/admin/orders/${order.id}`)).body.refunded)
    assert.equal((await staff('POST', '/api/admin/payments/order_nobody/reconcile', {})).status, 404)
  })

  test('a provider that does not answer: staff are told, and may ask again under the same key', async () => {
    const order = await placed()
    const path = `/api/admin/payments/${order.id}/reconcile`
    const key = newId('key')
    await control('PUT', '/test/behavior', { down: true })
    const silent = await api('POST', path, {}, { token: shop.staffToken, key })
    await control('PUT', '/test/behavior', {})
    assert.deepEqual([silent.status, silent.body.type], [503, '/problems/payments/provider-silent'])
    assert.equal((await api('POST', path, {}, { token: shop.staffToken, key })).status, 200)
  })

  test('a paid order that could not be fulfilled: both sides are told, and the money goes back', async () => {
    const last = await sell(shop, { handle: 'last-mug', onHand: 1 })
    const late = await buy(shop, last.variantId, { token: 'tok_3ds', email: 'late@example.com' })
    assert.equal(late.checkout.status, 201, JSON.stringify(late.checkout.body))
    const { id } = late.checkout.body.order
    const faults = [{ kind: 'error-before', operations: ['abandon', 'read', 'void'] }]
    await control('PUT', '/test/behavior', { faults, webhooks: { drop: true } })
    await rows("update orders.orders set expires_at = now() - interval '6 minutes', look_at = now() where id = $1", [
      id,
    ])
    const stateOf = async () => (await rows('select state from orders.orders where id = $1', [id]))[0]?.state
    await eventually('expired', stateOf, 30_000)
    await eventually(
      '0',
      async () =>
        (await rows('select reserved from inventory.levels where variant_id = $1', [last.variantId]))[0]?.reserved,
    )
    assert.equal((await buy(shop, last.variantId)).checkout.status, 201)
    const decided = await fetch(late.checkout.body.payment.redirectUrl, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'approve' }),
      redirect: 'manual',
    })
    assert.equal(decided.status, 303)
    await control('PUT', '/test/behavior', {})
    await eventually('canceled', stateOf, 90_000)
    const statusOf = async () =>
      (await rows('select status from sandbox_provider.payments where order_id = $1', [id]))[0]?.status
    await eventually('voided', statusOf, 30_000)
    const { body: order } = await staff('GET', `/api/admin/orders/${id}`)
    assert.deepEqual(
      order.attention.map(({ kind }: { kind: string }) => kind),
      ['could-not-be-fulfilled'],
    )
    assert.match(order.attention[0].detail, /its money goes back. The payment came too late: Of /)
    assert.ok(order.timeline.some(({ kind, by }: Record<string, string>) => kind === 'canceled' && by === 'system'))
    const { body: list } = await staff('GET', '/api/admin/orders?attention=could-not-be-fulfilled')
    assert.deepEqual(
      list.items.map((one: { id: string }) => one.id),
      [id],
    )
    await eventually(['order-canceled'], async () =>
      (await staff('GET', '/api/admin/mails?to=late@example.com')).body.items.map(
        ({ template }: { template: string }) => template,
      ),
    )
    await balanced()
  })

  test('every webhook lost, and the process killed: the order is placed all the same, within a minute', async () => {
    await control('PUT', '/test/behavior', { webhooks: { drop: true } })
    const order = await placed('tok_3ds')
    assert.equal(order.status, 'awaiting_payment')
    const decided = await fetch(order.redirectUrl, {
      method: 'POST',
      body: new URLSearchParams({ decision: 'approve' }),
      redirect: 'manual',
    })
    assert.equal(decided.status, 303)
    await end('SIGKILL')
    const [heard] = await rows('select 1 from payments.webhook_inbox where order_id = $1', [order.id])
    assert.equal(heard, undefined)
    await start()
    const since = performance.now()
    await eventually(
      'placed',
      async () => (await api('GET', `/api/orders/${order.id}?token=${order.token}`)).body.status,
      60_000,
    )
    assert.ok(performance.now() - since < 60_000)
    assert.deepEqual(await rows('select 1 from payments.webhook_inbox where order_id = $1', [order.id]), [])
    await balanced()
  })

  test('however often it looked in vain, the next look at an attempt is a minute away at most', async () => {
    const order = await placed('tok_3ds')
    const look = async () => {
      // Also when a callback that came meanwhile began to count anew.
      await rows(
        'update payments.order_payments set looks = 500, look_at = now() where order_id = $1 and looks < 500',
        [order.id],
      )
      const found = await rows(
        'select looks, extract(epoch from look_at - now())::float8 as seconds from payments.order_payments where order_id = $1',
        [order.id],
      )
      return found[0]
    }
    await eventually(true, async () => (await look())?.looks > 500, 60_000)
    assert.ok((await look()).seconds <= 60)
  })
})
