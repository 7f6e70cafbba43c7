import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withoutDatabase } from './database-environment.ts'
import { readEnvironment } from './environment.ts'

test('the sandbox provider may run alone, and then needs nobody’s address', () => {
  assert.deepEqual([...readEnvironment({ STOA_SERVICES: 'sandbox' }).services], ['sandbox'])
  assert.throws(() => readEnvironment({ STOA_SERVICES: 'sandbox,shipping' }), {
    message: /^no address of identity, catalog, .*: set STOA_IDENTITY_URL, /,
  })
  assert.throws(() => readEnvironment({ STOA_SERVICES: 'sandbox,warehouse' }), {
    message: /^there is no service "warehouse"; services are identity, .*, edge, sandbox$/,
  })
})

test('NATS is named as its own command line names it, and every fault is said without the password', () => {
  const { nats } = readEnvironment({
    NATS_URL: 'nats://shop:secret@a:4222, tls://b:4222',
    STOA_NATS_REPLICAS: '3',
    STOA_NATS_PREFIX: 'shop-2',
  })
  assert.deepEqual(
    [nats?.url, nats?.replicas, nats?.prefix, nats?.credentials],
    ['nats://shop:secret@a:4222, tls://b:4222', 3, 'shop-2', null],
  )
  assert.equal(readEnvironment({}).nats, null)
  const faults = { NATS_URL: 'http://:secret@', STOA_NATS_REPLICAS: '2', STOA_NATS_PREFIX: 'a.b', NATS_CERT: 'c.pem' }
  assert.throws(() => readEnvironment(faults), {
    faults: [
      'NATS_URL is no URL that begins with nats:// or tls://, nor several of them with commas',
      'STOA_NATS_REPLICAS is "2", but must be one of 1, 3, 5',
      'STOA_NATS_PREFIX is "a.b", but must be of at most 32 letters, digits, - and _',
      'NATS_CERT and NATS_KEY are a certificate and its key: set both, or neither',
    ],
  })
})

test('a secret may come from a file, and a file that is not there is told with the other faults', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-environment-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'url')
  await writeFile(file, 'postgres://owner:secret@database.example/stoa\n')
  const { databases, variables } = readEnvironment({ DATABASE_URL_FILE: file })
  assert.equal(databases.shared?.url, 'postgres://owner:secret@database.example/stoa')
  assert.deepEqual(
    [variables.DATABASE_URL, variables.DATABASE_URL_FILE],
    ['postgres://owner:secret@database.example/stoa', undefined],
  )
  assert.throws(
    () => readEnvironment({ DATABASE_URL: 'postgres://a/b', DATABASE_URL_FILE: file, SMTP_URL_FILE: '/nowhere' }),
    {
      faults: [
        'DATABASE_URL and DATABASE_URL_FILE are both set; unset one',
        'SMTP_URL_FILE names /nowhere, which cannot be read (ENOENT)',
      ],
    },
  )
})

test('services may have databases of their own; every wrong name and address is told at once, without a password', () => {
  const { databases } = readEnvironment({
    DATABASE_URL: 'postgres://shop@pooler:6432/stoa',
    DATABASE_DIRECT_URL: 'postgres://shop@primary:5432/stoa',
    DATABASE_REPLICA_URL: 'postgres://shop@standby:5432/stoa',
    STOA_ORDERS_DATABASE_URL: 'postgres://shop@orders:5432/orders',
  })
  assert.deepEqual(databases, {
    shared: {
      url: 'postgres://shop@pooler:6432/stoa',
      directUrl: 'postgres://shop@primary:5432/stoa',
      replicaUrl: 'postgres://shop@standby:5432/stoa',
    },
    own: {
      orders: {
        url: 'postgres://shop@orders:5432/orders',
        directUrl: 'postgres://shop@orders:5432/orders',
        replicaUrl: null,
      },
    },
  })
  const faults = {
    STOA_WAREHOUSE_DATABASE_URL: 'postgres://shop:secret@one/stoa',
    STOA_CATALOG_DATABASE_URL_FILE: '/nowhere',
    STOA_SEARCH_DATABASE_REPLICA_URL: 'postgres://shop:secret@two/stoa',
    STOA_ORDERS_DATABASE_URL: 'mysql://shop:secret@three/stoa',
  }
  assert.throws(() => readEnvironment(faults), {
    faults: [
      'STOA_WAREHOUSE_DATABASE_URL names no service that has a database: they are identity, search, pricing, inventory, cart, orders, payments, notifications, sandbox',
      'STOA_CATALOG_DATABASE_URL_FILE names no service that has a database: catalog keeps its goods in MONGODB_URL or in the data folder',
      'STOA_SEARCH_DATABASE_REPLICA_URL is set without STOA_SEARCH_DATABASE_URL, whose database it is about',
      'STOA_ORDERS_DATABASE_URL is no URL that begins with postgres:// or postgresql://',
    ],
  })
})

test('a process needs the databases of its own services only, and the sandbox’s books are beside those of payments', () => {
  const own = { STOA_PAYMENTS_DATABASE_URL: 'postgres://shop@payments/payments', STOA_MESH_URL: 'http://mesh:4000' }
  const { databases } = readEnvironment({ ...own, STOA_SERVICES: 'payments,shipping' })
  assert.equal(databases.own.sandbox?.url, own.STOA_PAYMENTS_DATABASE_URL)
  assert.deepEqual(withoutDatabase(databases, ['edge', 'catalog', 'shipping', 'payments', 'sandbox']), [])
  assert.deepEqual(withoutDatabase(databases, ['orders', 'payments']), ['orders'])
})
