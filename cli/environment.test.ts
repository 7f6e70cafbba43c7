import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
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
  const { databaseUrl, variables } = readEnvironment({ DATABASE_URL_FILE: file })
  assert.equal(databaseUrl, 'postgres://owner:secret@database.example/stoa')
  assert.equal(variables.DATABASE_URL, databaseUrl)
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
