import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { freePorts } from '../cli/free-ports.ts'
import { apiAt } from './api.ts'
import { testDatabase } from './database.ts'

const root = join(import.meta.dirname, '..')

/** Words that stand nowhere else, so that wherever one is found a person's data has arrived. */
const canary = {
  name: 'Quintessa Zyxwell',
  email: 'quintessa.zyxwell@canary.example',
  line1: 'Zephyrgasse 4711',
  line2: 'Hinterhof Xylophon',
  city: 'Quakenbrueckstadt',
  phone: '+49 30 987 60 54 32',
  company: 'Canarybird Ltd',
  password: 'vermilion kestrel over dunes',
}

const owner = { email: 'owner@shop.example', password: 'a staff password for tests' }

test('every column that a person’s data reaches is tagged as personal, and none of it reaches the log', async (t) => {
  const database = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'stoa-personal-'))
  const [port, sandboxPort] = (await freePorts(2)) as [number, number]
  const shop = spawn(process.execPath, [join(root, 'cli', 'stoa.ts'), 'start'], {
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      STOA_DATA: folder,
      PORT: String(port),
      STOA_SANDBOX_PORT: String(sandboxPort),
      STOA_DEMO: 'off',
      STOA_ADMIN_EMAIL: owner.email,
      STOA_ADMIN_PASSWORD: owner.password,
      STOA_LOG: 'trace',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [shop.stdout, shop.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  t.after(async () => {
    const exited = once(shop, 'exit')
    shop.kill('SIGTERM')
    await exited
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const api = apiAt(`http://127.0.0.1:${port}`)
  const deadline = Date.now() + 60_000
  while (
    !(await api('GET', '/health/ready').then(
      ({ status }) => status === 200,
      () => false,
    ))
  ) {
    if (Date.now() > deadline || shop.exitCode !== null) throw new Error(`the shop did not start: ${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await liveAWholeLife(api)

  const found = await columnsWithCanaries(database.url)
  assert.ok(found.length >= 8, `canaries were found: ${JSON.stringify(found)}`)
  assert.deepEqual(
    found.filter(({ comment }) => !comment?.startsWith('personal: ')).map(({ column }) => column),
    [],
  )
  const leaked = Object.entries(canary).filter(
    ([, value]) => log.includes(value) || log.includes(encodeURIComponent(value)),
  )
  assert.deepEqual(leaked, [])
  assert.ok(!log.includes(owner.password))
})

/** Everything a person can leave behind: account, address, cart, order, mails, a failed sign-in, refused requests. */
async function liveAWholeLife(api: ReturnType<typeof apiAt>): Promise<void> {
  const { name, email, password, ...rest } = canary
  const address = {
    name,
    line1: rest.line1,
    line2: rest.line2,
    city: rest.city,
    company: rest.company,
    phone: rest.phone,
    postalCode: '10115',
    country: 'DE',
  }
  const must = (answer: { status: number; body: unknown }, status: number) =>
    assert.equal(answer.status, status, JSON.stringify(answer.body))
  must(await api('POST', '/api/auth/sign-up/email', { email, password, name }), 200)
  const signedIn = await api('POST', '/api/auth/sign-in/email', { email, password })
  must(signedIn, 200)
  const { token } = signedIn.body
  must(await api('POST', '/api/account/addresses', address, { token }), 201)
  must(await api('POST', '/api/auth/sign-in/email', { email, password: 'wrong but of this person' }), 401)
  must(await api('POST', '/api/auth/request-password-reset', { email }), 200)

  const staff = { token: (await api('POST', '/api/auth/sign-in/email', owner)).body.token }
  const product = await api(
    'POST',
    '/api/admin/products',
    { handle: 'mug', title: 'Mug', status: 'active', variants: [{ sku: 'MUG' }] },
    staff,
  )
  must(product, 201)
  const variantId = product.body.variants[0].id
  must(
    await api(
      'PUT',
      '/api/admin/prices',
      { productId: product.body.id, prices: [{ variantId, market: 'eu', amount: 1_000, compareAtAmount: null }] },
      staff,
    ),
    200,
  )
  const location = await api('POST', '/api/admin/locations', { name: 'Warehouse' }, staff)
  must(location, 201)
  must(
    await api('PUT', '/api/admin/inventory/levels', { variantId, locationId: location.body.id, onHand: 10 }, staff),
    200,
  )

  for (const payment of ['tok_ok', 'tok_declined', 'tok_3ds']) {
    const worth = { amount: { amount: 100, currency: 'EUR' }, note: `For ${name}` }
    const giftCard = await api('POST', '/api/admin/gift-cards', worth, staff)
    must(giftCard, 201)
    const giftCards = [giftCard.body.code]
    const cart = await api(
      'POST',
      '/api/carts',
      { lines: [{ variantId, quantity: 1 }], email, shippingAddress: address, billingAddress: address, giftCards },
      { token },
    )
    must(cart, 201)
    const checkout = await api(
      'POST',
      `/api/carts/${cart.body.id}/checkout`,
      { payment: { provider: 'sandbox', token: payment } },
      { token },
    )
    must(checkout, payment === 'tok_declined' ? 402 : 201)
    if (payment === 'tok_ok')
      must(await api('POST', `/api/admin/orders/${checkout.body.order.id}/fulfillments`, {}, staff), 201)
  }
  must(await api('POST', '/api/carts', { email, shippingAddress: { ...address, zip: 'x' } }), 422)
  const deadline = Date.now() + 20_000
  for (;;) {
    const mails = await api('GET', '/api/admin/mails', undefined, staff)
    const templates = new Set(mails.body.items.map(({ template }: { template: string }) => template))
    if (
      ['order-confirmation', 'shipping-confirmation', 'verify-email', 'reset-password'].every((one) =>
        templates.has(one),
      )
    )
      return
    if (Date.now() > deadline) throw new Error(`mails written: ${[...templates].join()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Every column of every service that holds one of the canaries, with what is said of it. */
async function columnsWithCanaries(url: string): Promise<{ column: string; comment: string | null }[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ schema: string; table: string; column: string; comment: string | null }>(`
      select n.nspname as schema, c.relname as table, a.attname as column, col_description(c.oid, a.attnum) as comment
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`)
    const found: { column: string; comment: string | null }[] = []
    for (const { schema, table, column, comment } of rows) {
      const name = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`
      const hits = await client.query(
        `select 1 from ${name} where ${client.escapeIdentifier(column)}::text ilike any($1) limit 1`,
        [Object.values(canary).map((value) => `%${value}%`)],
      )
      if (hits.rowCount) found.push({ column: `${schema}.${table}.${column}`, comment })
    }
    return found
  } finally {
    await client.end()
  }
}
