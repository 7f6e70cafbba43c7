import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { tokenSigner } from '#kernel/service-token'
import { owner, startIdentity } from './test-identity.ts'

const { host, api, signIn, newCustomer, linkTo, asOwner } = await startIdentity()
after(() => host.stop())

/** A token like ours, but for what a test changes. */
const signed = (claims: JWTPayload, options: { key?: string; alg?: string } = {}): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: options.alg ?? 'HS256' })
    .sign(new TextEncoder().encode(options.key ?? 'test-secret-of-32-characters-or-so-accounts'))

/** The last character of base64url may have bits that nobody reads, so it is the one before that is changed. */
const spoiled = (token: string): [what: string, token: string][] => [
  ['a truncated one', token.slice(0, -1)],
  ['a changed one', `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`],
]

test('a link to verify an address counts only as the shop signed it, and no other token does', async () => {
  const email = 'unverified@example.com'
  const session = await newCustomer('unverified')
  await api('POST', '/api/auth/request-password-reset', { email })
  const link = await linkTo(email, 'verify-email')
  const [header, payload, signature] = link.split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const renamed = Buffer.from(JSON.stringify({ ...claims, email: owner.email })).toString('base64url')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const forged: [what: string, token: string][] = [
    ['another key', await signed(claims, { key: 'another-secret-of-32-characters-or-so' })],
    ['no signature', `${header}.${payload}.`],
    ['no algorithm', new UnsecuredJWT(claims).encode()],
    ['no algorithm, with the signature', `${none}.${payload}.${signature}`],
    ['another algorithm', await signed(claims, { alg: 'HS512' })],
    ['changed claims', `${header}.${renamed}.${signature}`],
    [
      'the token of a service',
      await tokenSigner('test-secret-of-32-characters-or-so-service-token', 'edge').for('identity'),
    ],
    ['one that is over', await signed({ ...claims, exp: claims.iat - 1 })],
    ['the token for a new password', await linkTo(email, 'reset-password')],
    ['the session', session],
    ...spoiled(link),
  ]
  for (const [what, token] of forged) {
    const answer = await api('POST', '/api/auth/verify-email', { token })
    assert.deepEqual([answer.status, answer.body.type], [422, '/problems/identity/verification-token-invalid'], what)
  }
  const isVerified = async () => (await api('GET', '/api/account', undefined, { token: session })).body.emailVerified
  assert.equal(await isVerified(), false)
  assert.equal((await api('POST', '/api/auth/verify-email', { token: await signed(claims) })).status, 200)
  assert.equal(await isVerified(), true)
})

test('a link for a new password counts only as it was mailed, and no other token does', async () => {
  const email = 'forgetful@example.com'
  const session = await newCustomer('forgetful')
  await api('POST', '/api/auth/request-password-reset', { email })
  const link = await linkTo(email, 'reset-password')
  const [stored] = await asOwner<{ id: string; identifier: string; value: string }>(
    `select id, identifier, value from identity.verifications
     where value = (select id from identity.users where email = '${email}')`,
  )
  assert.ok(stored && !JSON.stringify(stored).includes(link), 'whoever reads the database has no link')
  const forged: [what: string, token: string][] = [
    ['the link to verify an address', await linkTo(email, 'verify-email')],
    ['the session', session],
    ...Object.entries(stored).map(([column, value]): [string, string] => [`what is stored as ${column}`, value]),
    ...spoiled(link),
  ]
  const password = 'whoever forged a token'
  for (const [what, token] of forged) {
    const answer = await api('POST', '/api/auth/reset-password', { token, password })
    assert.deepEqual([answer.status, answer.body.type], [422, '/problems/identity/reset-token-invalid'], what)
  }
  assert.equal((await api('POST', '/api/auth/sign-in/email', { email, password })).status, 401)
  assert.equal((await api('GET', '/api/account', undefined, { token: session })).status, 200)
  assert.equal((await api('POST', '/api/auth/reset-password', { token: link, password })).status, 200)
})

test('a session counts only as it was given, of customers and of staff, as a bearer and as a cookie', async () => {
  const email = 'targeted@example.com'
  const customer = await newCustomer('targeted')
  await api('POST', '/api/auth/request-password-reset', { email })
  const sessions: [path: string, token: string, account: string][] = [
    ['/api/account', customer, email],
    ['/api/admin/staff', await signIn(owner), owner.email],
  ]
  for (const [path, token, account] of sessions) {
    const [stored] = await asOwner<{ id: string; user_id: string; token: string }>(
      `select s.id, s.user_id, s.token from identity.sessions s join identity.users u on u.id = s.user_id
       where u.email = '${account}' order by s.created_at desc limit 1`,
    )
    assert.ok(stored)
    const claims = { sub: stored.user_id, email: account, exp: Math.floor(Date.now() / 1_000) + 3_600 }
    const forged: [what: string, token: string][] = [
      ['a token without algorithm', new UnsecuredJWT(claims).encode()],
      ['a token of the shop’s own key', await signed(claims)],
      ['the link to verify an address', await linkTo(email, 'verify-email')],
      ['the token for a new password', await linkTo(email, 'reset-password')],
      ...Object.entries(stored).map(([column, value]): [string, string] => [`what is stored as ${column}`, value]),
      ...spoiled(token),
    ]
    for (const [what, credential] of forged) {
      const status = async (options: { token?: string; headers?: Record<string, string> }) =>
        (await api('GET', path, undefined, options)).status
      assert.equal(await status({ token: credential }), 401, `${what}, ${path}`)
      assert.equal(await status({ headers: { cookie: `stoa-session=${credential}` } }), 401, `${what}, ${path}`)
      await api('POST', '/api/auth/sign-out', {}, { headers: { cookie: `stoa-session=${credential}` } })
    }
    assert.equal((await api('GET', path, undefined, { token })).status, 200, 'it has not ended by that')
  }
})
