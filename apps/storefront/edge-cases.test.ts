import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAdmission } from '#kernel/admission'
import type { Mesh } from '#kernel/client'
import { createClient } from '#kernel/client'
import { createEdge, type EdgeApp } from '#kernel/edge'
import { unavailable } from '#kernel/problem'
import { sharedAnswers } from '#kernel/shared-answers'
import { createLog, createMetrics } from '#kernel/telemetry'
import config from '../../stoa.config.ts'
import { readCartCookie, writeCartCookie } from './cart-cookie.ts'
import { remembered } from './deps.ts'
import { storefront } from './storefront.ts'
import { summaryOf } from './structured-data.ts'

/** The public door of a shop none of whose services answers. */
async function deserted(publicUrl: string, more: readonly EdgeApp[] = []) {
  const log = createLog({ level: 'silent', redact: [] })
  const answers = sharedAnswers()
  const mesh: Mesh = async () => {
    throw unavailable('Nobody is there.')
  }
  const authenticate = async () => ({ kind: 'anonymous' }) as const
  const shop = { name: 'Test shop', publicUrl, demo: false }
  return createEdge({
    contracts: [],
    mesh,
    authenticate,
    publicUrl,
    answers,
    log,
    apps: [
      storefront({
        client: (contract) => createClient(contract, 'edge', mesh),
        shop,
        settings: config.storefront,
        authenticate,
        answers,
        log,
      }),
      ...more,
    ],
    openApi: () => ({}),
    readiness: async () => ({ ready: false, reasons: [] }),
    admission: createAdmission(),
    shopName: shop.name,
    trustedProxies: [],
    metrics: createMetrics(),
  })
}

test('when no service answers, a page says so, with the number to quote', async () => {
  const edge = await deserted('http://127.0.0.1')
  for (const url of ['/', '/products', '/products/mug', '/us/cart', '/checkout', '/pages/imprint']) {
    const answer = await edge.inject({ url })
    assert.equal(answer.statusCode, 503, url)
    assert.equal(answer.headers['retry-after'], '1')
    assert.match(answer.body, /We will be right back/)
    assert.match(answer.body, /please add this number: [0-9a-f]{32}/)
    assert.match(answer.body, /<meta name="robots" content="noindex"/)
  }
  const asset = /<link rel="stylesheet" href="([^"]+)"/.exec((await edge.inject({ url: '/' })).body)?.[1] ?? ''
  const style = await edge.inject({ url: asset, headers: { 'accept-encoding': 'gzip, br' } })
  assert.equal(style.headers['content-encoding'], 'br')
  assert.equal(style.headers['cache-control'], 'public, max-age=31536000, immutable')
  await edge.close()
})

test('behind TLS browsers are told to stay there', async () => {
  const edge = await deserted('https://shop.example', [
    async (app) => {
      app.get('/test-cookie', async (_, reply) => {
        const cart = { cartId: `cart_${'0'.repeat(26)}`, units: 3 }
        writeCartCookie(reply, true, { ...market, default: true }, cart)
        writeCartCookie(reply, true, market, cart)
        return reply.send()
      })
    },
  ])
  const { headers } = await edge.inject({ url: '/' })
  assert.equal(headers['strict-transport-security'], 'max-age=63072000; includeSubDomains')
  assert.match(String(headers['content-security-policy']), /; upgrade-insecure-requests$/)
  const { headers: withCookies } = await edge.inject({ url: '/test-cookie' })
  const rest = `=cart_${'0'.repeat(26)}.3; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax`
  assert.deepEqual(withCookies['set-cookie'], [`__Host-stoa-cart${rest}`, `__Host-stoa-cart-us${rest}`])
  await edge.close()
})

const market = {
  code: 'us',
  name: 'US',
  currency: 'USD',
  locale: 'en-US',
  countries: ['US'],
  taxIncluded: false,
  default: false,
}

test('a cart cookie that is none of ours is no cart', () => {
  const read = (value: string) => readCartCookie({ cookies: { 'stoa-cart-us': value } } as never, false, market)
  const cartId = `cart_${'7'.repeat(26)}`
  assert.deepEqual(read(`${cartId}.12`), { cartId, units: 12 })
  assert.deepEqual(read(cartId), { cartId, units: 0 })
  for (const value of ['', 'cart_x', `${cartId}.-1`, `${cartId}.1e9`, `${cartId}<b>`, `order_${'7'.repeat(26)}`]) {
    assert.equal(read(value), null, value)
  }
})

test('what is remembered is asked for once at a time, and outlives a service that is away', async () => {
  let asked = 0
  let isAway = false
  const ask = remembered(20, async () => {
    asked += 1
    if (isAway) throw new Error('away')
    return asked
  })
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1])
  isAway = true
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(await ask(), 1)
  assert.equal(asked, 2)
  isAway = false
  assert.equal(await ask(), 3)
})

test('what is remembered is the same object until it is another answer', async () => {
  let title = 'Lamps'
  const ask = remembered(0, async () => [{ title }])
  const first = await ask()
  assert.equal(await ask(), first)
  title = 'Lights'
  assert.deepEqual(await ask(), [{ title: 'Lights' }])
})

test('a description is cut at a word, and its marks are read as text', () => {
  assert.equal(summaryOf('<p>Tea &amp; <b>coffee</b></p><p>&lt;b&gt;</p>'), 'Tea & coffee <b>')
  assert.equal(summaryOf('one two three', 9), 'one two…')
})
