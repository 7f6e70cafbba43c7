import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { identity } from '#contracts/identity'
import { apiAt } from '../../test/api.ts'
import { startTestHost } from '../../test/host.ts'
import { isGuessable } from './passwords.ts'
import { identityService } from './service.ts'
import { keeper, mails, owner, password, type SentMail, startIdentity } from './test-identity.ts'

const { host, api, authenticate, signIn, newCustomer, mailTo, linkTo, asOwner } = await startIdentity()
after(() => host.stop())

test('a customer signs up, signs in by cookie and by token, and signs out', async () => {
  const account = { email: 'Ada@Example.com', password }
  const up = await api('POST', '/api/auth/sign-up/email', { ...account, name: 'Ada' })
  assert.deepEqual([up.status, up.body], [200, { status: 'accepted' }])
  const signedIn = await api('POST', '/api/auth/sign-in/email', { ...account, email: 'ada@example.com' })
  assert.equal(signedIn.status, 200)
  assert.equal(signedIn.body.session.kind, 'customer')
  assert.deepEqual(signedIn.body.session.permissions, [])
  const cookie = signedIn.headers.get('set-cookie') ?? ''
  assert.match(cookie, /^stoa-session=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
  const byCookie = await api('GET', '/api/account', undefined, { headers: { cookie: cookie.split(';')[0] ?? '' } })
  assert.deepEqual([byCookie.status, byCookie.body.name], [200, 'Ada'])
  const session = await api('GET', '/api/auth/session', undefined, { headers: { cookie: cookie.split(';')[0] ?? '' } })
  // Anyone may ask, and nobody in between may keep what somebody else was told.
  assert.deepEqual([session.body.session.name, session.headers.get('cache-control')], ['Ada', 'no-store'])
  const { token } = signedIn.body
  assert.equal((await api('GET', '/api/account', undefined, { token })).status, 200)
  assert.equal((await api('POST', '/api/auth/sign-out', {}, { token })).status, 200)
  assert.equal((await api('GET', '/api/account', undefined, { token })).status, 401)
})

test('behind TLS the session’s cookie is Secure and bound to this host, of staff and when it ends too', async (t) => {
  const secure = await startTestHost([identityService, keeper], {
    edge: true,
    authenticate,
    publicUrl: 'https://shop.example',
    beside: host,
  })
  t.after(() => secure.stop())
  const ask = apiAt(secure.url ?? '')
  const account = { email: 'tls@example.com', password }
  await newCustomer('tls')
  for (const [who, path, lastsSeconds] of [
    [account, '/api/account', 2_592_000],
    [owner, '/api/admin/staff', 43_200],
  ] as const) {
    const signedIn = await ask('POST', '/api/auth/sign-in/email', who)
    const flags = (seconds: number) => `Max-Age=${seconds}; Path=/; HttpOnly; Secure; SameSite=Lax`
    const { token } = signedIn.body
    assert.deepEqual(signedIn.headers.getSetCookie(), [`__Host-stoa-session=${token}; ${flags(lastsSeconds)}`])
    const status = async (name: string) =>
      (await ask('GET', path, undefined, { headers: { cookie: `${name}=${token}` } })).status
    // Without the prefix another host of the domain may have set it.
    assert.deepEqual([await status('__Host-stoa-session'), await status('stoa-session')], [200, 401])
    const signedOut = await ask('POST', '/api/auth/sign-out', {}, { token })
    assert.deepEqual(signedOut.headers.getSetCookie(), [`__Host-stoa-session=; ${flags(0)}`])
  }
})

test('no session token and no password stands in the database', async () => {
  const token = await newCustomer('grace')
  const rows = await asOwner<{ all: string }>(
    `select (select json_agg(s) from identity.sessions s)::text || (select json_agg(a) from identity.accounts a)::text as all`,
  )
  const text = rows[0]?.all ?? ''
  assert.ok(text.includes('$argon2id$v=19$m=47104,t=1,p=1$'))
  assert.ok(!text.includes(token))
  assert.ok(!text.includes(password))
})

test('a known address signs up like an unknown one, its password stays, its owner is told', async () => {
  await newCustomer('linus')
  const again = await api('POST', '/api/auth/sign-up/email', {
    email: 'linus@example.com',
    password: 'another long password!',
    name: 'Thief',
  })
  assert.deepEqual([again.status, again.body], [200, { status: 'accepted' }])
  await mailTo('linus@example.com', 'account-exists')
  const stolen = await api('POST', '/api/auth/sign-in/email', {
    email: 'linus@example.com',
    password: 'another long password!',
  })
  assert.equal(stolen.status, 401)
  const unknown = await api('POST', '/api/auth/sign-in/email', { email: 'nobody@example.com', password })
  assert.deepEqual({ ...unknown.body, traceId: '' }, { ...stolen.body, traceId: '' })
  const registered = await asOwner("select 1 from identity.outbox where type = 'customer.registered'")
  const customers = await asOwner("select 1 from identity.users where id like 'cust%'")
  assert.equal(registered.length, customers.length)
})

test('signing in takes the same time for known and unknown addresses', async () => {
  await newCustomer('timing')
  const time = async (email: string): Promise<number> => {
    const outcome = host.client(identity)
    const since = performance.now()
    await outcome.signIn({ email, password: 'certainly the wrong one' })
    return performance.now() - since
  }
  const known: number[] = []
  const unknown: number[] = []
  for (let n = 0; n < 15; n++) {
    known.push(await time('timing@example.com'))
    unknown.push(await time(`nobody-${n}@example.com`))
  }
  // The least of each: what else the machine does only adds to a time.
  const ratio = Math.min(...known) / Math.min(...unknown)
  // Without a hash for unknown addresses this is above 5.
  assert.ok(ratio > 0.66 && ratio < 1.5, `ratio ${ratio}`)
})

test('signing up and asking for a new password answer no sooner for what is unknown', async () => {
  await newCustomer('even')
  const account = { password, name: 'Even' }
  const asked: [string, Record<string, string>][] = ['even', 'nobody-of-that-name'].flatMap((name) => [
    ['/api/auth/sign-up/email', { ...account, email: `${name}@example.com` }],
    ['/api/auth/request-password-reset', { email: `${name}@example.com` }],
  ])
  for (const [path, body] of asked) {
    const since = performance.now()
    assert.deepEqual((await api('POST', path, body)).body, { status: 'accepted' })
    // Less than any machine takes without: a timer may end a moment before its time.
    assert.ok(performance.now() - since > 390, `${path} ${body.email}`)
  }
})

test('a new password ends the links that were asked for before', async () => {
  const email = 'links@example.com'
  await newCustomer('links')
  const ask = async (known: number): Promise<string> => {
    assert.equal((await api('POST', '/api/auth/request-password-reset', { email })).status, 200)
    const sent = () => mails.filter((mail) => mail.to === email && mail.template === 'reset-password')
    const deadline = Date.now() + 20_000
    while (sent().length <= known) {
      if (Date.now() > deadline) throw new Error('no mail')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return new URL(sent().at(-1)?.values.url ?? '').searchParams.get('token') ?? ''
  }
  const [earlier, later] = [await ask(0), await ask(1)]
  assert.notEqual(earlier, later)
  const reset = async (token: string, to: string) =>
    (await api('POST', '/api/auth/reset-password', { token, password: to })).status
  assert.equal(await reset(later, 'the harbour in the evening'), 200)
  assert.equal(await reset(earlier, 'whoever found the old mail'), 422)
  await signIn({ email, password: 'the harbour in the evening' })
})

test('a password is reset once by mail, and all sessions end', async () => {
  const token = await newCustomer('reset')
  assert.equal((await api('POST', '/api/auth/request-password-reset', { email: 'reset@example.com' })).status, 200)
  const unknown = await api('POST', '/api/auth/request-password-reset', { email: 'nobody@example.com' })
  assert.deepEqual([unknown.status, unknown.body], [200, { status: 'accepted' }])
  const resetToken = await linkTo('reset@example.com', 'reset-password')
  const next = 'quite another long password'
  assert.equal((await api('POST', '/api/auth/reset-password', { token: 'wrong', password: next })).status, 422)
  assert.equal((await api('POST', '/api/auth/reset-password', { token: resetToken, password: next })).status, 200)
  assert.equal((await api('GET', '/api/account', undefined, { token })).status, 401)
  await signIn({ email: 'reset@example.com', password: next })
  assert.equal(
    (await api('POST', '/api/auth/reset-password', { token: resetToken, password: 'and again a third one' })).status,
    422,
  )
})

test('nobody has the shop fill a mailbox: five mails of a kind an hour, and their links hold', async (t) => {
  const copy = await startTestHost([identityService, keeper], { edge: true, authenticate, beside: host })
  t.after(() => copy.stop())
  const email = 'victim@example.com'
  await newCustomer('victim')
  const hour = () => Math.floor(Date.now() / 3_600_000)
  const begun = hour()
  const [asked, mayBeSent] = [8, 5]
  const ask = async (path: string, body: Record<string, string>): Promise<void> => {
    const doors = [api, apiAt(copy.url ?? '')]
    const answers = await Promise.all(
      Array.from({ length: asked }, (_, n) => (doors[n % 2] ?? api)('POST', path, body)),
    )
    for (const answer of answers) assert.deepEqual([answer.status, answer.body], [200, { status: 'accepted' }])
  }
  const sent = async (template: string): Promise<SentMail[]> => {
    const deadline = Date.now() + 20_000
    while ((await asOwner('select 1 from identity.pending_mails')).length > 0) {
      if (Date.now() > deadline) throw new Error('mails are not handed over')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const found = mails.filter((mail) => mail.to === email && mail.template === template)
    // One that is handed over twice is sent once, by its key.
    return [...new Map(found.map((mail) => [mail.mailKey, mail])).values()]
  }
  await ask('/api/auth/sign-up/email', { email: 'Victim@Example.com', password, name: 'Not me' })
  await ask('/api/auth/request-password-reset', { email })
  await ask('/api/auth/request-password-reset', { email: 'no-victim@example.com' })
  const resets = await sent('reset-password')
  for (const [template, count] of [
    ['account-exists', (await sent('account-exists')).length],
    ['reset-password', resets.length],
  ] as const) {
    // An hour may have ended meanwhile, and a new one begun.
    const atMost = mayBeSent * (hour() - begun + 1)
    assert.ok(count >= mayBeSent && count <= atMost, `${count} mails ${template}`)
  }
  const token = new URL(resets[0]?.values.url ?? '').searchParams.get('token')
  const next = 'the first of all those links'
  assert.equal((await api('POST', '/api/auth/reset-password', { token, password: next })).status, 200)
  await signIn({ email, password: next })
})

test('a session and a link for a new password end with their time', async () => {
  const email = 'late@example.com'
  const token = await newCustomer('late')
  assert.equal((await api('POST', '/api/auth/request-password-reset', { email })).status, 200)
  const link = await linkTo(email, 'reset-password')
  const customer = `(select id from identity.users where email = '${email}')`
  const past = `expires_at = now() - interval '1 second'`
  assert.equal((await api('GET', '/api/account', undefined, { token })).status, 200)
  await asOwner(`update identity.sessions set ${past} where user_id = ${customer}`)
  assert.equal((await api('GET', '/api/account', undefined, { token })).status, 401)
  await asOwner(`update identity.verifications set ${past} where value = ${customer}`)
  const late = await api('POST', '/api/auth/reset-password', { token: link, password: 'an hour and a second later' })
  assert.deepEqual([late.status, late.body.type], [422, '/problems/identity/reset-token-invalid'])
  await signIn({ email, password })
})

test('an address is verified with the token of the mail', async () => {
  const token = await newCustomer('verify')
  assert.equal((await api('GET', '/api/account', undefined, { token })).body.emailVerified, false)
  const link = await linkTo('verify@example.com', 'verify-email')
  assert.equal((await api('POST', '/api/auth/verify-email', { token: link })).status, 200)
  assert.equal((await api('GET', '/api/account', undefined, { token })).body.emailVerified, true)
  assert.equal((await api('POST', '/api/auth/verify-email', { token: 'forged' })).status, 422)
})

test('nobody signs up as staff: unknown fields are refused', async () => {
  for (const extra of [{ roles: ['owner'] }, { emailVerified: true }, { id: 'staff_1' }, { active: true }]) {
    const answer = await api('POST', '/api/auth/sign-up/email', {
      email: 'mass@example.com',
      password,
      name: 'Mass',
      ...extra,
    })
    assert.equal(answer.status, 422, JSON.stringify(extra))
  }
})

test('an address of another customer does not exist', async () => {
  const [mine, theirs] = [await newCustomer('mine'), await newCustomer('theirs')]
  const address = { name: 'A', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }
  const saved = await api('POST', '/api/account/addresses', address, { token: theirs })
  assert.equal(saved.status, 201)
  const path = `/api/account/addresses/${saved.body.id}`
  assert.equal((await api('PUT', path, { ...address, city: 'Paris' }, { token: mine })).status, 404)
  assert.equal((await api('DELETE', path, undefined, { token: mine })).status, 404)
  assert.deepEqual((await api('GET', '/api/account/addresses', undefined, { token: mine })).body.items, [])
  assert.deepEqual((await api('GET', '/api/account/addresses', undefined, { token: theirs })).body.items, [
    { id: saved.body.id, ...address },
  ])
  assert.equal((await api('DELETE', path, undefined, { token: theirs })).status, 200)
})

test('a saved address keeps its state as the code, or is refused', async () => {
  const token = await newCustomer('californian')
  const address = {
    name: 'A',
    line1: 'Street 1',
    city: 'Fresno',
    region: 'california',
    postalCode: '93650',
    country: 'US',
  }
  const saved = await api('POST', '/api/account/addresses', address, { token })
  assert.deepEqual([saved.status, saved.body.region], [201, 'CA'])
  const path = `/api/account/addresses/${saved.body.id}`
  const wrong = { ...address, region: 'Calif.' }
  for (const [method, at] of [
    ['POST', '/api/account/addresses'],
    ['PUT', path],
  ] as const) {
    const { status, body } = await api(method, at, wrong, { token })
    assert.deepEqual([status, body.type, body.errors[0].field], [422, '/problems/validation-failed', 'region'])
  }
  const moved = await api('PUT', path, { ...address, region: ' new york ' }, { token })
  assert.deepEqual([moved.status, moved.body.region], [200, 'NY'])
  const { items } = (await api('GET', '/api/account/addresses', undefined, { token })).body
  assert.deepEqual(items, [moved.body])
})

test('an account holds twenty addresses, also when more are added at once', async () => {
  const token = await newCustomer('collector')
  const address = { name: 'A', line1: 'Street 1', city: 'Berlin', postalCode: '10115', country: 'DE' }
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => api('POST', '/api/account/addresses', address, { token })),
  )
  assert.equal(answers.filter(({ status }) => status === 201).length, 20)
  assert.equal((await api('GET', '/api/account/addresses', undefined, { token })).body.items.length, 20)
})

test('a role taken away, or a lock, holds from the next request on', async () => {
  const boss = await signIn(owner)
  const account = {
    email: 'clerk@shop.example',
    name: 'Clerk',
    password: 'the clerk has a long one',
    roles: ['manager'],
  }
  const clerk = await api('POST', '/api/admin/staff', account, { token: boss })
  assert.equal(clerk.status, 201)
  const token = await signIn({ email: account.email, password: account.password })
  assert.equal((await api('GET', '/api/admin/staff', undefined, { token })).status, 200)
  assert.equal((await api('POST', '/api/admin/staff', { ...account, email: 'x@shop.example' }, { token })).status, 403)
  assert.equal(
    (await api('PATCH', `/api/admin/staff/${clerk.body.id}`, { roles: ['fulfillment'] }, { token: boss })).status,
    200,
  )
  assert.equal((await api('GET', '/api/admin/staff', undefined, { token })).status, 403)
  assert.equal(
    (await api('PATCH', `/api/admin/staff/${clerk.body.id}`, { active: false }, { token: boss })).status,
    200,
  )
  assert.equal((await api('GET', '/api/admin/staff', undefined, { token })).status, 401)
  assert.equal(
    (await api('POST', '/api/auth/sign-in/email', { email: account.email, password: account.password })).status,
    401,
  )
})

test('the last owner cannot be locked or lose the role, also when two lock each other at once', async () => {
  const boss = await signIn(owner)
  const { body } = await api('GET', '/api/auth/session', undefined, { token: boss })
  const own = `/api/admin/staff/${body.session.id}`
  assert.equal((await api('PATCH', own, { active: false }, { token: boss })).status, 409)
  assert.equal((await api('PATCH', own, { roles: ['support'] }, { token: boss })).status, 409)
  const second = await api(
    'POST',
    '/api/admin/staff',
    { email: 'second@shop.example', name: 'Second', password: 'second owner of the shop', roles: ['owner'] },
    { token: boss },
  )
  const answers = await Promise.all([
    host.client(identity).updateStaff({ staffId: body.session.id, active: false }),
    host.client(identity).updateStaff({ staffId: second.body.id, active: false }),
  ])
  assert.equal(answers.filter((answer) => answer.ok).length, 1)
  await host.client(identity).updateStaff({ staffId: body.session.id, active: true })
})

test('the environment’s password is a way back in', async () => {
  const next = { email: owner.email, password: 'a new one from the environment' }
  await host.client(identity).ensureOwner({ ...next, enforce: false })
  assert.equal((await api('POST', '/api/auth/sign-in/email', next)).status, 401)
  await host.client(identity).ensureOwner({ ...next, enforce: true })
  await signIn(next)
  await host.client(identity).ensureOwner({ ...owner, enforce: true })
})

test('the audit log cannot be changed, and names nobody', async () => {
  const rows = await asOwner<{ text: string }>('select json_agg(a)::text as text from identity.audit_log a')
  assert.ok(rows[0]?.text.includes('sign-in-failed'))
  assert.ok(!rows[0]?.text.includes('@'))
  for (const statement of [
    "update identity.audit_log set actor = 'x'",
    'delete from identity.audit_log',
    'truncate identity.audit_log',
  ]) {
    await assert.rejects(asOwner(statement), /only ever added to/)
  }
})

test('guesses end in 429, for known and unknown addresses alike', async () => {
  const guess = async (email: string): Promise<number> =>
    (await api('POST', '/api/auth/sign-in/email', { email, password: 'x' })).status
  // Twenty in a minute; a minute may end meanwhile.
  let status = 0
  for (let n = 0; n < 60 && status !== 429; n++) status = await guess(n % 2 ? owner.email : `n${n}@example.com`)
  assert.equal(status, 429)
})

test('guessable passwords are found, good ones are not', () => {
  const known = { email: 'ada.lovelace@analytical.example', name: 'Ada Lovelace' }
  const bad = [
    'passwordpassword',
    'aaaaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    '123456789012345',
    'qwertyuiopasdfgh',
    'ada.lovelace2026',
    'lovelacelovelace',
    'letmein-password-1',
    'iloveyou iloveyou!',
  ]
  for (const one of bad) assert.equal(isGuessable(one, known), true, one)
  const good = [
    'correct horse battery staple',
    'seven tall white columns',
    'xk3-plumage-orbit-42',
    'über den dächern der stadt',
    owner.password,
    password,
  ]
  for (const one of good) assert.equal(isGuessable(one, known), false, one)
})
