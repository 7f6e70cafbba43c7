import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { newId } from '#kernel/id'
import { testCards } from '../cards.ts'
import { publicKeyOf } from '../public-key.ts'
import { secretKey, startTestShop, submit, type TestShop } from '../test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startTestShop()
})
after(() => shop.stop())

const publicKey = publicKeyOf(secretKey)
const card = (number: string) => ({ number, expiry: '12 / 40', cvc: number.length === 15 ? '1234' : '123' })
const returnUrl = 'https://shop.example/checkout/return?cart=1'

const hosted = async (changes: object = {}) => {
  const body = {
    orderId: newId('order'),
    amount: { amount: 4_900, currency: 'EUR' },
    captureNow: false,
    returnUrl,
    ...changes,
  }
  const { json } = await shop.call('POST', '/v1/payments', body, { 'idempotency-key': newId('key') })
  return { id: json.id, url: json.redirectUrl ?? assert.fail('no page') }
}
const statusOf = async (id: string) => (await shop.call('GET', `/v1/payments/${id}`)).json.status
const tokenize = (fields: object, headers: Record<string, string> = {}) =>
  fetch(`${shop.server.url}/fields/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ publicKey, ...fields }),
  })
const fields = (origin: string, key = publicKey) =>
  fetch(`${shop.server.url}/fields?${new URLSearchParams({ key, origin })}`)

test('the card fields are framed by the registered shop alone', async () => {
  const page = await fields(shop.origin)
  assert.equal(page.status, 200)
  const policy = page.headers.get('content-security-policy') ?? ''
  assert.ok(policy.includes(`frame-ancestors ${shop.origin}`), policy)
  assert.ok(policy.startsWith("default-src 'none';"), policy)
  assert.ok((await page.text()).includes(`data-origin="${shop.origin}"`))
  assert.equal((await fields('https://thief.example')).status, 403)
  assert.equal((await fields(`${shop.origin}.thief.example`)).status, 403)
  assert.equal((await fields(shop.origin, 'pk_sandbox_of_another')).status, 403)
})

test('a card becomes a token that pays once, however many try at the same time', async () => {
  for (let round = 1; round <= 8; round++) {
    const answer = await tokenize(card('4000000000000002'))
    assert.equal(answer.status, 201)
    const { token, card: kept } = (await answer.json()) as { token: string; card: object }
    assert.deepEqual(kept, { brand: 'visa', last4: '0002' })
    const pay = async () => {
      const result = await shop.provider.authorize({
        orderId: newId('order'),
        attemptKey: newId('key'),
        amount: { amount: 4_900, currency: 'EUR' },
        token,
        captureNow: true,
      })
      return result.outcome === 'declined' ? result.reason : result.outcome
    }
    const outcomes = await Promise.all([pay(), pay(), pay(), pay()])
    assert.deepEqual(outcomes.sort(), ['card-declined', 'token-invalid', 'token-invalid', 'token-invalid'])
    assert.equal(await pay(), 'token-invalid')
  }
})

test('a token is good for fifteen minutes', async () => {
  const late = await startTestShop()
  try {
    const answer = await fetch(`${late.server.url}/fields/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ publicKey, ...card('4242424242424242') }),
    })
    const { token } = (await answer.json()) as { token: string }
    await late.call('POST', '/test/clock', { advanceSeconds: 15 * 60 })
    const amount = { amount: 4_900, currency: 'EUR' }
    const result = await late.provider.authorize({ orderId: 'o', attemptKey: 'a', amount, token, captureNow: true })
    assert.equal(result.outcome === 'declined' && result.reason, 'token-invalid')
  } finally {
    await late.stop()
  }
})

test('cards that cannot be used are refused by field', async () => {
  const wrong: [object, string][] = [
    [{ ...card('4111111111111111') }, 'number'],
    [{ ...card('4242') }, 'number'],
    [{ ...card('4242424242424242'), expiry: '13 / 40' }, 'expiry'],
    [{ ...card('4242424242424242'), expiry: '12 / 20' }, 'expiry'],
    [{ ...card('4242424242424242'), cvc: '12' }, 'cvc'],
    [{ ...card('378282246310005'), cvc: '123' }, 'cvc'],
  ]
  for (const [input, field] of wrong) {
    const answer = await tokenize(input)
    const { errors } = (await answer.json()) as { errors: { field: string }[] }
    assert.equal(answer.status, 422)
    assert.deepEqual(
      errors.map((error) => error.field),
      [field],
    )
  }
  assert.equal((await tokenize(card('4242424242424242'), { origin: 'https://thief.example' })).status, 403)
  assert.equal((await tokenize({ ...card('4242424242424242'), publicKey: 'pk' })).status, 403)
})

test('no card number and no security code is kept anywhere', async () => {
  await tokenize(card('4242424242424242'))
  await tokenize(card('4111111111111111'))
  for (const { number } of testCards) await submit((await hosted()).url, card(number))
  await submit((await hosted()).url, card('4111111111111111'))
  const db = new pg.Client(shop.database.url)
  await db.connect()
  try {
    const tables = await db.query(
      `select table_name as name from information_schema.tables where table_schema = 'sandbox_provider'`,
    )
    assert.ok(tables.rows.length >= 7)
    for (const { name } of tables.rows) {
      const { rows } = await db.query(`select t::text as row from sandbox_provider.${name} t`)
      for (const { row } of rows) {
        for (const number of [...testCards.map((one) => one.number), '4111111111111111']) {
          assert.ok(!row.replace(/[\s-]/g, '').includes(number), `${name} holds a card number`)
        }
      }
    }
    const columns = await db.query(
      `select column_name as name from information_schema.columns where table_schema = 'sandbox_provider' and column_name ~ 'cvc|expiry|number'`,
    )
    assert.deepEqual(columns.rows, [])
  } finally {
    await db.end()
  }
})

test('the hosted page, without a script: a card, the challenge, and back to the shop', async () => {
  const { id, url } = await hosted()
  const page = await fetch(url)
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/shop\.example;/)
  assert.match(await page.text(), /€49\.00/)

  const challenge = (await submit(url, card('4000 0000 0000 3220'))).headers.get('location') ?? ''
  assert.equal(challenge, url.replace('/pay/', '/challenge/'))
  assert.match(await (await fetch(challenge)).text(), /Visa ending in 3220/)
  const back = new URL((await submit(challenge, { decision: 'approve' })).headers.get('location') ?? '')
  assert.equal(back.origin, 'https://shop.example')
  assert.deepEqual(Object.fromEntries(back.searchParams), { cart: '1', payment: id, result: 'authorized' })
  assert.equal(await statusOf(id), 'authorized')

  // Pressing the back button and sending the form again changes nothing.
  assert.equal((await submit(challenge, { decision: 'decline' })).headers.get('location'), back.href)
  assert.equal((await submit(url, card('4000000000000002'))).headers.get('location'), back.href)
  assert.equal(await statusOf(id), 'authorized')
})

test('the hosted page lets a declined shopper try another card, five in all', async () => {
  const { id, url } = await hosted()
  for (let card_ = 1; card_ <= 4; card_++) {
    assert.equal((await submit(url, card('4000000000009995'))).headers.get('location'), url)
    assert.match(await (await fetch(url)).text(), /insufficient funds/)
    assert.equal(await statusOf(id), 'requires_card')
  }
  const end = await submit(url, card('4000000000009995'))
  assert.match(end.headers.get('location') ?? '', /^https:\/\/shop\.example\/.*result=declined$/)
  assert.equal(await statusOf(id), 'declined')
})

test('a typing error keeps the shopper on the page and repeats no digit of the card', async () => {
  const { id, url } = await hosted()
  const answer = await submit(url, { number: '4242424242424241', expiry: '99', cvc: '987' })
  assert.equal(answer.status, 422)
  const text = await answer.text()
  assert.equal(text.match(/aria-invalid="true"/g)?.length, 2)
  assert.ok(!text.includes('4242424242424241') && !text.includes('987'))
  assert.equal(await statusOf(id), 'requires_card')
})

test('the shopper may give up: by canceling, or by leaving the challenge', async () => {
  const first = await hosted()
  const canceled = await submit(`${first.url}/cancel`, {})
  assert.match(canceled.headers.get('location') ?? '', /result=voided$/)
  assert.equal(await statusOf(first.id), 'voided')

  const second = await hosted({ token: 'tok_3ds' })
  const left = await submit(second.url, { decision: 'abandon' })
  assert.match(left.headers.get('location') ?? '', /result=abandoned$/)
  assert.equal(await statusOf(second.id), 'requires_challenge')
})

test('a shopper who stays away for an hour has a payment that is over', async () => {
  const slow = await startTestShop()
  try {
    const body = { orderId: 'o', amount: { amount: 4_900, currency: 'EUR' }, token: 'tok_3ds', captureNow: false }
    const { json } = await slow.call('POST', '/v1/payments', body, { 'idempotency-key': 'a' })
    await slow.call('POST', '/test/clock', { advanceSeconds: 3600 })
    await slow.webhooks(json.id, 2)
    assert.equal((await slow.call('GET', `/v1/payments/${json.id}`)).json.status, 'expired')
    const late = await submit(json.redirectUrl ?? '', { decision: 'approve' })
    assert.match(await late.text(), /expired/)
  } finally {
    await slow.stop()
  }
})

test('without its secret a payment’s page does not open', async () => {
  const { url } = await hosted()
  const other = await hosted()
  for (const wrong of [
    url.replace(/[^/]+$/, 'page_00000000000000000000000000'),
    url.replace(/[^/]+$/, other.url.split('/').at(-1) ?? ''),
  ]) {
    assert.equal((await fetch(wrong)).status, 404)
    assert.equal((await submit(wrong, card('4242424242424242'))).status, 404)
    assert.equal((await submit(`${wrong}/cancel`, {})).status, 404)
  }
})

test('what a shop names its order cannot become markup', async () => {
  const { id, url } = await hosted({ orderId: '<script>alert(1)</script>' })
  for (const page of [url, `${shop.server.url}/`, `${shop.server.url}/payments/${id}`]) {
    const text = await (await fetch(page)).text()
    assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;'), page)
    assert.ok(!text.includes('<script>alert'), page)
  }
})

test('the dashboard walks from the newest payment to the oldest', async () => {
  const many = await startTestShop()
  try {
    const ids: string[] = []
    for (let count = 0; count < 60; count++) {
      const body = { orderId: `o${count}`, amount: { amount: 100, currency: 'EUR' }, token: 'tok_ok', captureNow: true }
      ids.unshift((await many.call('POST', '/v1/payments', body, { 'idempotency-key': `k${count}` })).json.id)
    }
    const shown: string[] = []
    let path: string | undefined = '/'
    while (path) {
      const text: string = await (await fetch(many.server.url + path)).text()
      shown.push(...[...text.matchAll(/\/payments\/(pay_\w+)/g)].map((match) => match[1] ?? ''))
      path = /href="(\/\?before=[\w-]+)"/.exec(text)?.[1]
    }
    assert.deepEqual(shown, ids)
  } finally {
    await many.stop()
  }
})

test('a dashboard that strangers could open wants the secret key', async () => {
  const open = await startTestShop({ publicUrl: 'https://pay.shop.example', demo: true })
  try {
    const at = (path: string, password?: string) =>
      fetch(open.server.url + path, {
        headers:
          password === undefined ? {} : { authorization: `Basic ${Buffer.from(`x:${password}`).toString('base64')}` },
      })
    for (const path of ['/', '/payments/pay_00000000000000000000000000']) {
      assert.equal((await at(path)).status, 401)
      assert.equal((await at(path, 'wrong')).status, 401)
    }
    assert.equal((await at('/', secretKey)).status, 200)
  } finally {
    await open.stop()
  }
})
