import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createTransport } from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import T from 'typebox'
import { notifications } from '#contracts/notifications'
import { type Order, orders } from '#contracts/orders'
import { pricing } from '#contracts/pricing'
import { orderCanceled, orderFulfilled, orderPlaced, orderRefunded, paymentRequested } from '#events/orders'
import { command, contract, internal, ok, refuse } from '#kernel/contract'
import { type Database, inTransaction, openDatabase, sql } from '#kernel/database'
import { createBreaker } from '#kernel/dependency'
import { publish } from '#kernel/outbox'
import { service } from '#kernel/service'
import { freePorts } from '../../cli/free-ports.ts'
import { apiAt } from '../../test/api.ts'
import { startTestHost, type TestHost } from '../../test/host.ts'
import { createPost, sendDueMails } from './post.ts'
import { notificationsService } from './service.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })

/** An order whose shopper tried to be clever. */
const order: T.Static<typeof Order> = {
  id: 'order_01m82mdqszeshtmk3qhva2qmch',
  number: 'S-1001',
  status: 'placed',
  market: 'eu',
  currency: 'EUR',
  taxIncluded: true,
  email: 'ada@example.com',
  shippingAddress: {
    name: '<script>alert(1)</script>',
    line1: 'Street 1',
    city: 'Berlin',
    postalCode: '10115',
    country: 'DE',
  },
  billingAddress: null,
  shippingMethod: { id: 'standard', name: 'Standard' },
  lines: [
    {
      id: 'line_01m82mdqszeshtmk3qhva2qmch',
      variantId: 'v1',
      productId: 'p1',
      handle: 'mug',
      title: 'Mug "Ionia" & more',
      variantTitle: 'Blue',
      sku: null,
      imageUrl: null,
      quantity: 2,
      fulfilled: 0,
      unitPrice: eur(1_990),
      subtotal: eur(3_980),
      discount: eur(0),
      tax: eur(635),
      total: eur(3_980),
      requiresShipping: true,
    },
  ],
  discounts: [],
  taxes: [],
  totals: { items: eur(3_980), discount: eur(0), shipping: eur(490), tax: eur(713), total: eur(4_470) },
  giftCards: [{ last4: 'Z9YX', amount: eur(1_000) }],
  due: eur(3_470),
  fulfillments: [
    {
      id: 'ful_1',
      lines: [{ lineId: 'line_01m82mdqszeshtmk3qhva2qmch', quantity: 2 }],
      carrier: 'DHL',
      trackingNumber: '00340',
      createdAt: '2026-01-01T00:00:00Z',
    },
  ],
  refunded: eur(0),
  createdAt: '2026-01-01T00:00:00Z',
  placedAt: '2026-01-01T00:00:00Z',
}

const awaited = {
  status: 'processing' as const,
  provider: 'manual',
  instructions: 'To <Stoa & Co>\nIBAN DE02 1203 0000 0000 2020 51',
  payableUntil: '2026-02-03T10:00:00Z',
}

/** Tells what orders tells, on command. */
const tell = command(null, {
  summary: 'Publish',
  access: internal,
  input: T.Object({ type: T.String() }),
  output: T.Object({}),
})
const teller = contract('orders', { details: orders.operations.details, tell })
const ordersService = service({
  contract: teller,
  settings: T.Object({}),
  connections: 2,
  migrations: import.meta.dirname,
  start: async ({ db }) => ({
    operations: {
      details: async ({ orderId }) =>
        orderId === order.id
          ? ok({ order, url: 'https://shop.example/orders/o?token=t', payment: awaited })
          : refuse('orders/unknown-order', 'No.'),
      tell: async ({ type }) =>
        inTransaction(db, async (tx) => {
          const { id: orderId, number } = order
          const fact = { subject: orderId, sequence: 1 }
          if (type === 'placed')
            await publish(tx, orderPlaced, {
              ...fact,
              data: { orderId, number, cartId: 'c', market: 'eu', customerId: null },
            })
          if (type === 'payment-requested') await publish(tx, paymentRequested, { ...fact, data: { orderId, number } })
          if (type === 'canceled') await publish(tx, orderCanceled, { ...fact, data: { orderId, number, reason: 'x' } })
          if (type === 'fulfilled')
            await publish(tx, orderFulfilled, { ...fact, data: { orderId, number, fulfillmentId: 'ful_1', lines: [] } })
          if (type === 'refunded')
            await publish(tx, orderRefunded, {
              ...fact,
              data: { orderId, number, refundId: 'r1', amount: 500, currency: 'EUR' },
            })
          return ok({})
        }),
    },
  }),
})

const pricingService = service({
  contract: contract('pricing', { markets: pricing.operations.markets }),
  settings: T.Object({}),
  connections: null,
  migrations: null,
  start: async () => ({
    operations: {
      markets: async () =>
        ok({
          items: [
            {
              code: 'eu',
              name: 'Europe',
              currency: 'EUR',
              locale: 'de-DE',
              countries: ['DE'],
              taxIncluded: true,
              default: true,
            },
          ],
        }),
    },
  }),
})

const settings = { notifications: { from: 'Stoa <hello@shop.example>', replyTo: null } }
const all = [notificationsService, ordersService, pricingService]

async function mailsOf(host: TestHost) {
  const page = await host.client(notifications).mails({})
  assert.ok(page.ok)
  return page.value.items
}

async function wholeMail(host: TestHost, template: string) {
  const found = (await mailsOf(host)).find((mail) => mail.template === template)
  assert.ok(found, template)
  const mail = await host.client(notifications).mail({ mailId: found.id })
  assert.ok(mail.ok)
  return mail.value
}

async function eventually(probe: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 40_000
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('who has to transfer money is told how much, where to, under which reference and until when', async (t) => {
  const host = await startTestHost(all, { settings })
  t.after(() => host.stop())
  for (const type of ['payment-requested', 'payment-requested']) await host.client(teller).tell({ type })
  await host.settle()
  assert.equal((await mailsOf(host)).length, 1)
  const mail = await wholeMail(host, 'payment-instructions')
  assert.equal(mail.subject, 'How to pay your order S-1001 at Test shop')
  assert.deepEqual(mail.text.split('\n'), [
    'Your order S-1001 is kept for you',
    '',
    'Please transfer 34,70\u00a0€ with the reference S-1001 by 3. Februar 2026. We send your order as soon as the money is here.',
    'To <Stoa & Co>',
    'IBAN DE02 1203 0000 0000 2020 51',
    '',
    'See your order: https://shop.example/orders/o?token=t',
  ])
  assert.ok(mail.html.includes('To &#60;Stoa &#38; Co&#62;'))
})

test('without a mail server mails are kept, one for each thing that happened, however often it is told', async (t) => {
  const host = await startTestHost(all, { settings, shape: 'strict' })
  t.after(() => host.stop())
  for (const type of ['placed', 'placed', 'canceled', 'fulfilled', 'refunded', 'refunded'])
    await host.client(teller).tell({ type })
  await host.settle()
  const mails = await mailsOf(host)
  assert.deepEqual(mails.map(({ template }) => template).sort(), [
    'order-canceled',
    'order-confirmation',
    'refund-confirmation',
    'shipping-confirmation',
  ])
  assert.deepEqual([...new Set(mails.map(({ state }) => state))], ['kept'])

  const confirmation = await wholeMail(host, 'order-confirmation')
  assert.equal(confirmation.subject, 'Your order S-1001 at Test shop')
  assert.ok(confirmation.html.includes('Mug &#34;Ionia&#34; &#38; more, Blue'))
  assert.ok(confirmation.html.includes('44,70'))
  assert.ok(!confirmation.html.includes('<script'))
  assert.ok(confirmation.html.includes('&#60;script&#62;alert(1)'))
  assert.ok(confirmation.text.includes('https://shop.example/orders/o?token=t'))
  assert.match(confirmation.text, /Gift card ···· Z9YX: −10,00\s€\nPaid otherwise: 34,70\s€/)
  assert.ok(
    (await wholeMail(host, 'shipping-confirmation')).text.includes('It travels with DHL, tracking number 00340.'),
  )
  assert.ok((await wholeMail(host, 'refund-confirmation')).text.includes('5,00'))
})

test('a mail asked for is sent once by its key; only account mails can be asked for', async (t) => {
  const host = await startTestHost(all, { settings })
  t.after(() => host.stop())
  const mail = {
    mailKey: 'k1',
    template: 'reset-password' as const,
    to: 'ada@example.com',
    locale: null,
    values: { name: 'Ada\r\nBcc: all@example.com', url: 'https://shop.example/x' },
  }
  await host.client(notifications).send(mail)
  await host.client(notifications).send(mail)
  assert.equal((await mailsOf(host)).length, 1)
  await assert.rejects(
    host.client(notifications).send({ ...mail, mailKey: 'k2', template: 'order-confirmation' }),
    /sent by an event/,
  )
})

test('a link that opens an account is read by owners alone, or support could become the owner', async (t) => {
  const host = await startTestHost(all, {
    settings,
    edge: true,
    authenticate: async (credential) => ({
      kind: 'staff',
      staffId: 'staff_1',
      sessionId: 'session_1',
      permissions: credential === 'owner' ? ['mail:read', 'staff:write'] : ['mail:read'],
    }),
  })
  t.after(() => host.stop())
  const url = 'https://shop.example/account/reset-password?token=aZ-09_%2B.end'
  for (const template of ['reset-password', 'verify-email'] as const)
    await host.client(notifications).send({
      mailKey: template,
      template,
      to: 'owner@example.com',
      locale: null,
      values: { name: 'Owner', url },
    })
  await host.client(teller).tell({ type: 'placed' })
  await host.settle()
  const api = apiAt(host.url ?? '')
  for (const { id, template } of await mailsOf(host)) {
    const read = async (token: string) => {
      const { body } = await api('GET', `/api/admin/mails/${id}`, undefined, { token })
      return `${body.html} ${body.text}`
    }
    const isOfAccount = template !== 'order-confirmation'
    const tokens = { owner: await read('owner'), support: await read('support') }
    const shown = (text: string) => text.match(/token=[^\s"]*/g)
    const whole = isOfAccount ? ['token=aZ-09_%2B.end', 'token=aZ-09_%2B.end'] : ['token=t', 'token=t']
    assert.deepEqual(shown(tokens.owner), whole, template)
    assert.deepEqual(shown(tokens.support), isOfAccount ? ['token=…', 'token=…'] : whole, template)
  }
})

test('the list pages by cursor and is found by recipient', async (t) => {
  const host = await startTestHost(all, { settings })
  t.after(() => host.stop())
  for (let n = 0; n < 5; n++) {
    await host.client(notifications).send({
      mailKey: `k${n}`,
      template: 'verify-email',
      to: `${n % 2 ? 'odd' : 'even'}@example.com`,
      locale: null,
      values: {},
    })
  }
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page = await host.client(notifications).mails({ limit: 2, ...(cursor ? { cursor } : {}) })
    assert.ok(page.ok)
    seen.push(...page.value.items.map(({ id }) => id))
    cursor = page.value.nextCursor
  } while (cursor)
  assert.equal(new Set(seen).size, 5)
  const odd = await host.client(notifications).mails({ to: 'odd@example.com' })
  assert.equal(odd.ok && odd.value.items.length, 2)
  await assert.rejects(host.client(notifications).mails({ cursor: 'nonsense' }), /not a cursor/)
})

test('a mail server that fails first gets the mail once it is well', async (t) => {
  const received: string[] = []
  let refusals = 1
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      stream.on('end', () => {
        if (refusals > 0) {
          refusals -= 1
          return done(Object.assign(new Error('Greylisted, try again later'), { responseCode: 451 }))
        }
        received.push(text)
        return done()
      })
    },
  })
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const host = await startTestHost(all, {
    settings,
    environment: { SMTP_URL: `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}` },
  })
  t.after(async () => {
    await host.stop()
    await new Promise<void>((resolve) => server.close(resolve))
  })
  await host.client(teller).tell({ type: 'placed' })
  await host.settle()
  await eventually(async () => (await mailsOf(host))[0]?.error?.includes('Greylisted') ?? false)
  assert.equal(received.length, 0)
  await eventually(() => received.length > 0)
  await eventually(async () => (await mailsOf(host))[0]?.state === 'sent')
  const [mail] = await mailsOf(host)
  assert.equal(received.length, 1)
  const text = received[0] ?? ''
  assert.ok(text.includes('To: ada@example.com'))
  assert.ok(text.includes(`Message-ID: <${mail?.id}@`))
  assert.ok(text.includes('From: Stoa <hello@shop.example>'))
})

test('a mail server that is down costs no mail its attempts, and gets them all when it is back', async (t) => {
  const received: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      stream.resume()
      stream.on('end', () => {
        received.push(session.envelope.rcptTo[0]?.address ?? '')
        done()
      })
    },
  })
  const [port] = (await freePorts(1)) as [number]
  const host = await startTestHost(all, { settings, environment: { SMTP_URL: `smtp://127.0.0.1:${port}` } })
  t.after(async () => {
    await host.stop()
    await new Promise<void>((resolve) => server.close(resolve))
  })
  const addresses = Array.from({ length: 8 }, (_, n) => `reader-${n}@example.com`)
  for (const to of addresses)
    await host.client(notifications).send({ mailKey: to, template: 'verify-email', to, locale: null, values: {} })
  const tried = async () => (await mailsOf(host)).filter(({ error }) => error !== null).length
  await eventually(async () => (await tried()) === 3)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  assert.equal(await tried(), 3)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  await eventually(async () => (await mailsOf(host)).every(({ state }) => state === 'sent'))
  assert.deepEqual(received.sort(), addresses)
  assert.deepEqual([...new Set((await mailsOf(host)).map(({ attempts }) => attempts))], [1])
})

test('a mail is not given up for the mail server’s trouble, however long that lasts', async (t) => {
  const [port] = (await freePorts(1)) as [number]
  const host = await startTestHost(all, { settings, environment: { SMTP_URL: `smtp://127.0.0.1:${port}` } })
  const database = openDatabase({ service: 'notifications', url: host.databaseUrl, connections: 1 })
  t.after(async () => {
    await database.destroy()
    await host.stop()
  })
  // It has one attempt left.
  await addMails(database, ['patient'], 13)
  await eventually(async () => (await mailsOf(host))[0]?.error?.includes('ECONNREFUSED') ?? false)
  const [mail] = await mailsOf(host)
  assert.deepEqual([mail?.state, mail?.attempts], ['pending', 13])
})

test('a copy that was slow with one mail does not send those again that another copy sent meanwhile', async (t) => {
  const received: string[] = []
  const held = Promise.withResolvers<void>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      stream.resume()
      stream.on('end', async () => {
        received.push(session.envelope.rcptTo[0]?.address ?? '')
        if (received.length === 1) await held.promise
        done()
      })
    },
  })
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const url = `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const host = await startTestHost(all, { settings, environment: { SMTP_URL: url } })
  const copy = openDatabase({ service: 'notifications', url: host.databaseUrl, connections: 1 })
  const post = createPost(createTransport(url), {
    from: settings.notifications.from,
    replyTo: null,
    publicUrl: 'https://shop.example',
  })
  t.after(async () => {
    held.resolve()
    post.close()
    await copy.destroy()
    await host.stop()
    await new Promise<void>((resolve) => server.close(resolve))
  })
  // Written in one statement, so that one round of the job finds them all.
  await addMails(copy, ['a', 'b', 'c'])
  await eventually(() => received.length === 1)
  // The time that the slow mail takes, for which the others were claimed with it, if they were.
  await sql`update mails set next_attempt_at = now() where recipient <> ${received[0]}`.execute(copy)
  const breaker = createBreaker({
    name: 'mail server',
    kind: 'provider',
    fallback: '',
    failuresToOpen: 3,
    openMs: 1_000,
    isFailure: () => true,
  })
  await sendDueMails(copy, post, breaker)
  held.resolve()
  await eventually(async () => (await mailsOf(host)).every(({ state }) => state === 'sent'))
  // A host that stops lets its jobs end.
  await host.stop()
  assert.deepEqual(received.sort(), ['a@example.com', 'b@example.com', 'c@example.com'])
})

const addMails = (db: Database, names: readonly string[], attempts = 0) =>
  sql`
  insert into mails (id, mail_key, template, recipient, subject, html, text, attempts)
  select name, name, 'verify-email', name || '@example.com', '', '', '', ${attempts}::integer
  from unnest(${names}::text[]) as name`.execute(db)
