import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import chromium from '@sparticuz/chromium'
import { type Browser, chromium as playwright } from 'playwright-core'
import { newId } from '#kernel/id'
import { startTestShop, type TestShop } from '../test-shop.ts'

let shop: TestShop
let browser: Browser | null = null
let checkout: Server
let origin: string
let skip: string | undefined

before(async () => {
  checkout = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page()))
  await new Promise<void>((resolve) => checkout.listen(0, '127.0.0.1', resolve))
  const address = checkout.address()
  origin = address !== null && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : assert.fail()
  shop = await startTestShop({ shopOrigins: [origin] })
  try {
    browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox'] })
  } catch (error) {
    if (process.env.STOA_REQUIRE_PEERS === '1') throw error
    skip = `no Chromium runs here: ${error instanceof Error ? error.message.split('\n')[0] : error}`
  }
})
after(async () => {
  await browser?.close()
  checkout.closeAllConnections()
  checkout.close()
  await shop.stop()
})

/** The shop's checkout page: it frames the fields, and writes down what it hears from them. */
function page(): string {
  const fields = shop.provider.checkout({ origin })
  if (fields.kind !== 'frame') return assert.fail()
  return `<!doctype html><html lang="en"><title>Checkout</title><iframe title="Card details" src="${fields.frameUrl}" width="420"></iframe>
<script>
  window.heard = []
  addEventListener('message', (event) => { if (event.origin === '${fields.frameOrigin}') heard.push(event.data) })
  window.ask = (message) => document.querySelector('iframe').contentWindow.postMessage({ target: 'stoa-card-fields', ...message }, '*')
</script>`
}

type Heard = {
  type: string
  requestId?: number
  token?: string
  message?: string
  complete?: boolean
  brand?: string
  height?: number
}

const open = async () => {
  if (!browser) return assert.fail()
  const context = await browser.newContext({ locale: 'en-US' })
  const tab = await context.newPage()
  await tab.goto(origin)
  const frame = tab.frameLocator('iframe')
  const hears = async (type: string, complete?: boolean): Promise<Heard> => {
    const wanted = `(one) => one.type === '${type}' && (${complete} === undefined || one.complete === ${complete})`
    await tab.waitForFunction(`heard.some(${wanted})`)
    return tab.evaluate(`heard.findLast(${wanted})`)
  }
  await hears('ready')
  return { tab, frame, hears, ask: (message: object) => tab.evaluate(`ask(${JSON.stringify(message)})`) }
}

test('the shopper types a card, and the shop hears a token that pays', async (t) => {
  if (skip) return t.skip(skip)
  const { tab, frame, hears, ask } = await open()
  await frame.locator('#number').pressSequentially('378282246310005')
  assert.equal(await frame.locator('#number').inputValue(), '3782 822463 10005')
  await frame.locator('#expiry').pressSequentially('1240')
  assert.equal(await frame.locator('#expiry').inputValue(), '12 / 40')
  await frame.locator('#cvc').pressSequentially('1234')
  assert.equal((await hears('change', true)).brand, 'amex')
  await frame.locator('#cvc').press('Enter')
  await hears('submit')
  assert.ok(((await hears('height')).height ?? 0) > 150)

  await ask({ type: 'tokenize', requestId: 7 })
  const { token, requestId } = await hears('token')
  assert.equal(requestId, 7)
  const amount = { amount: 4_900, currency: 'EUR' }
  const result = await shop.provider.authorize({
    orderId: newId('order'),
    attemptKey: newId('key'),
    amount,
    token: token ?? '',
    captureNow: true,
  })
  assert.equal(result.outcome, 'captured')
  assert.equal(result.outcome === 'captured' && result.payment.card?.last4, '0005')
  // All that the shop's page heard: no message holds the card.
  const heard: string = await tab.evaluate('JSON.stringify(heard)')
  assert.ok(!/3782|822463|1240|1234/.test(heard.replace(token ?? '', '').replaceAll(' ', '')), heard)
})

test('a number that is no test card never leaves the browser', async (t) => {
  if (skip) return t.skip(skip)
  const { tab, frame, hears, ask } = await open()
  const sent: string[] = []
  tab.on('request', (request) => sent.push(request.url()))
  await frame.locator('#number').pressSequentially('4111111111111111')
  await ask({ type: 'tokenize', requestId: 1 })
  assert.match((await hears('error')).message ?? '', /never a real one/)
  assert.match((await frame.locator('#number-problem').textContent()) ?? '', /never a real one/)
  assert.equal(await frame.locator('#number').getAttribute('aria-invalid'), 'true')
  assert.deepEqual(sent, [])
})

test('a test card is filled in by a tap', async (t) => {
  if (skip) return t.skip(skip)
  const { frame, hears, ask } = await open()
  await frame.locator('summary').click()
  await frame.getByRole('button', { name: /4000 0000 0000 3220/ }).click()
  await ask({ type: 'tokenize', requestId: 2 })
  assert.match((await hears('token')).token ?? '', /^tok_/)
})

test('a page of another origin gets no fields', async (t) => {
  if (skip || !browser) return t.skip(skip)
  const thief = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page()))
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
  const address = thief.address()
  try {
    const tab = await (await browser.newContext({ locale: 'en-US' })).newPage()
    const refused = tab.waitForEvent('console', { predicate: (line) => /frame-ancestors/.test(line.text()) })
    await tab.goto(`http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`)
    await refused
    assert.equal(await tab.frameLocator('iframe').locator('#number').count(), 0)
  } finally {
    thief.closeAllConnections()
    thief.close()
  }
})

test('without JavaScript the shopper pays on the hosted page', async (t) => {
  if (skip || !browser) return t.skip(skip)
  const result = await shop.provider.authorize({
    orderId: newId('order'),
    attemptKey: newId('key'),
    amount: { amount: 4_900, currency: 'EUR' },
    captureNow: true,
    returnUrl: `${origin}/return`,
  })
  if (result.outcome !== 'requires_action') return assert.fail(result.outcome)
  const context = await browser.newContext({ locale: 'en-US', javaScriptEnabled: false })
  const tab = await context.newPage()
  await tab.goto(result.action.redirectUrl ?? '')
  await tab.getByLabel('Card number').fill('4000 0000 0000 3220')
  await tab.getByLabel('Expiry').fill('12/40')
  await tab.getByLabel('Security code').fill('123')
  await tab.getByRole('button', { name: 'Pay €49.00' }).click()
  await tab.getByRole('button', { name: 'Approve' }).click()
  await tab.waitForURL(`${origin}/return?**`)
  assert.equal(new URL(tab.url()).searchParams.get('result'), 'captured')
})
