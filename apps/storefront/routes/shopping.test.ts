import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Goods, sell } from '../../../test/goods.ts'
import { startShop, type TestShop } from '../../../test/shop.ts'
import { type Browser, browserAt, fieldsOf } from '../test-browser.ts'

describe('buying by forms alone', () => {
  let shop: TestShop
  let mug: Goods
  let open: () => Browser
  before(async () => {
    shop = await startShop('one')
    open = () => browserAt(shop.url)
    mug = await sell(shop, { handle: 'mug', onHand: 50, prices: { eu: 1_990, us: 2_100 } })
  })
  after(async () => {
    await shop?.stop()
  })

  test('a cart is filled, changed and emptied by forms alone', async () => {
    const browser = open()
    await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '2', from: 'mug' })
    const cart = await browser.get('/cart')
    assert.match(cart.text, /Goods mug/)
    assert.match(cart.text, /€59\.70/)
    const line = /action="(\/cart\/lines\/line_[0-9a-z]{26})"/.exec(cart.text)?.[1] ?? ''
    const wrong = await browser.post(line, { quantity: '1.5' })
    assert.equal(wrong.status, 422)
    assert.match(wrong.text, /value="1\.5"[^>]*aria-invalid="true"/)
    assert.match(wrong.text, /Enter a whole number from 1 to 10,000\./)
    assert.equal((await browser.post(line, { quantity: '5' })).status, 303)
    assert.match((await browser.get('/cart')).text, /€99\.50/)
    const coupon = await browser.post('/cart/codes', { code: 'NOSUCHCODE' })
    assert.equal(coupon.status, 422)
    assert.match(coupon.text, /value="NOSUCHCODE"/)
    assert.match(coupon.text, /We do not know this code/)
    await browser.post(`${line}/remove`, {})
    assert.match((await browser.get('/cart')).text, /Nothing in here yet/)
    assert.match((await browser.get('/')).text, /aria-label="Cart, empty"/)
  })

  test('what cannot be put into the cart is said on the product’s page, with what was typed', async () => {
    const browser = open()
    for (const quantity of ['0', '-1', '1.5', '1000000000', '']) {
      const answer = await browser.post('/cart/lines', { variantId: mug.variantId, quantity, from: 'mug' })
      assert.equal(answer.status, 422, quantity)
      assert.match(answer.text, /Enter a whole number from 1 to 10,000\./)
      assert.ok(answer.text.includes(quantity ? `value="${quantity}" required` : 'value required'), quantity)
      assert.deepEqual(answer.headers.getSetCookie(), [], quantity)
    }
    const unknown = await browser.post('/cart/lines', { variantId: 'variant_nothing', quantity: '1', from: 'mug' })
    assert.equal(unknown.status, 422)
    assert.match(unknown.text, /This is no longer sold\./)
    assert.equal((await browser.post('/cart/lines', { variantId: 'x', quantity: '1', from: 'none' })).status, 404)
  })

  const address = {
    email: 'ada@example.com',
    'shippingAddress/name': 'Ada Lovelace',
    'shippingAddress/line1': 'Invalidenstraße 1',
    'shippingAddress/postalCode': '10115',
    'shippingAddress/city': 'Berlin',
    'shippingAddress/country': 'DE',
  }
  const withCart = async (): Promise<Browser> => {
    const browser = open()
    await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    return browser
  }

  test('an order is placed by forms alone; the same form sent again leads to the same order', async () => {
    const browser = await withCart()
    const first = await browser.get('/checkout')
    assert.match(
      first.headers.get('content-security-policy') ?? '',
      /frame-src http:\/\/127\.0\.0\.1:\d+; form-action 'self' http:\/\/127/,
    )
    assert.equal(first.headers.get('cache-control'), 'no-store')
    assert.equal(first.headers.get('referrer-policy'), 'same-origin')

    // Shipping was not known yet, so the total has changed since it was seen: nothing is charged unseen.
    const seen = await browser.post('/checkout', {
      ...fieldsOf(first.text),
      ...address,
      token: 'tok_ok',
      intent: 'pay',
    })
    assert.equal(seen.status, 409)
    assert.match(seen.text, /The total is now €24\.80\./)
    assert.match(seen.text, /value="Invalidenstraße 1"/)

    const form = { ...fieldsOf(seen.text), ...address, token: 'tok_ok', intent: 'pay' }
    const [placed, again] = await Promise.all([browser.post('/checkout', form), browser.post('/checkout', form)])
    assert.equal(placed.status, 303)
    assert.match(placed.location, /^\/orders\/order_[0-9a-z]{26}\?token=[\w-]{22}&placed=$/)
    assert.equal(again.location, placed.location)
    assert.equal((await browser.post('/checkout', form)).location, placed.location)

    const order = await browser.get(placed.location)
    assert.equal(order.status, 200)
    assert.match(order.text, /Thank you for your order/)
    assert.match(order.text, /<meta name="robots" content="noindex"/)
    assert.equal(order.headers.get('referrer-policy'), 'same-origin')
    assert.equal(order.headers.get('x-robots-tag'), 'noindex')
    assert.match((await browser.get('/cart')).text, /Nothing in here yet/)

    // Nobody sees it without the token.
    const path = placed.location.split('?')[0] ?? ''
    assert.equal((await open().get(`${path}?token=${'A'.repeat(22)}`)).status, 404)
    assert.equal((await open().get(`${path}?token=`)).location, `/account/sign-in?next=${encodeURIComponent(path)}`)
  })

  test('what is wrong in a checkout is told beside its field, and the rest is kept', async () => {
    const browser = await withCart()
    const { text } = await browser.get('/checkout')
    const answer = await browser.post('/checkout', {
      ...fieldsOf(text),
      ...address,
      email: 'ada',
      'shippingAddress/postalCode': '',
      'shippingAddress/line2': '4242 4242 4242 4242',
      intent: 'pay',
    })
    assert.equal(answer.status, 422)
    assert.match(answer.text, /id="email-problem">Enter an e-mail address/)
    assert.match(answer.text, /id="shippingAddress-line2-problem">This looks like a card number/)
    assert.match(answer.text, /value="Ada Lovelace"/)
    const unserved = await browser.post('/checkout', {
      ...fieldsOf(text),
      ...address,
      'shippingAddress/country': 'JP',
      intent: 'pay',
    })
    assert.match(unserved.text, /id="shippingAddress-country-problem">We do not send to this address/)
  })

  test('a declined card leaves the cart as it was, and says why at the payment', async () => {
    const browser = await withCart()
    await browser.post('/checkout', {
      ...fieldsOf((await browser.get('/checkout')).text),
      ...address,
      intent: 'update',
    })
    const fields = fieldsOf((await browser.get('/checkout')).text)
    const form = { ...fields, intent: 'pay' }
    const declined = await browser.post('/checkout', { ...form, token: 'tok_declined' })
    assert.equal(declined.status, 402)
    assert.match(declined.text, /declined[^<]*Nothing was charged\./)
    const next = { ...fieldsOf(declined.text), token: 'tok_ok', intent: 'pay' }
    assert.notEqual(fieldsOf(declined.text).key, fields.key)
    assert.match((await browser.post('/checkout', next)).location, /^\/orders\//)
  })

  /** A new gift card of that much. */
  const giftCard = async (amount: number): Promise<{ id: string; code: string; last4: string }> => {
    const body = { amount: { amount, currency: 'EUR' } }
    const issued = await shop.api('POST', '/api/admin/gift-cards', body, { token: shop.staffToken })
    assert.equal(issued.status, 201, JSON.stringify(issued.body))
    return issued.body
  }
  const rows = (page: string): string[] =>
    [...page.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, dt = '', dd = '']) =>
      `${dt} ${dd}`.replace(/<[^>]+>/g, '').replace(/\s+/g, ' '),
    )

  test('gift cards are put in, taken out and pay, by forms alone', async () => {
    const browser = await withCart()
    const [part, all] = [await giftCard(1_000), await giftCard(10_000)]
    const unknown = await browser.post('/cart/codes', { code: 'ABCD-ABCD-ABCD-ABCD-ABCD' })
    assert.equal(unknown.status, 422)
    assert.match(unknown.text, /value="ABCD-ABCD-ABCD-ABCD-ABCD"[^>]*aria-invalid="true"/)
    assert.match(unknown.text, /This code cannot be used here\./)

    // As somebody types it from paper.
    const typed = part.code.toLowerCase().replaceAll('-', ' ')
    assert.equal((await browser.post('/cart/codes', { code: typed })).status, 303)
    const cart = await browser.get('/cart')
    assert.deepEqual(rows(cart.text).slice(-3), [
      'of which VAT €3.18',
      `Gift card ···· ${part.last4} −€10.00`,
      'To pay €9.90',
    ])
    assert.ok(!cart.text.includes(part.code))
    assert.equal((await browser.post('/cart/codes', { code: all.code })).status, 303)
    assert.deepEqual(rows((await browser.get('/cart')).text).slice(-1), ['To pay €0.00'])
    assert.equal((await browser.post('/cart/codes/remove', { giftCard: all.id })).status, 303)
    assert.deepEqual(rows((await browser.get('/cart')).text).slice(-1), ['To pay €9.90'])

    const details = { ...fieldsOf((await browser.get('/checkout')).text), ...address, intent: 'update' }
    assert.equal((await browser.post('/checkout', details)).status, 303)
    const checkout = await browser.get('/checkout')
    assert.match(checkout.text, /value="pay"[^>]*>Pay €14\.80</)
    const form = { ...fieldsOf(checkout.text), token: 'tok_ok', intent: 'pay' }
    const placed = await browser.post('/checkout', form)
    assert.equal(placed.status, 303, placed.text)
    assert.equal((await browser.post('/checkout', form)).location, placed.location)
    assert.deepEqual(rows((await browser.get(placed.location)).text).slice(-2), [
      `Gift card ···· ${part.last4} −€10.00`,
      'Paid otherwise €14.80',
    ])
  })

  test('a gift card that pays it all asks for no card, and one that was emptied meanwhile for another look', async () => {
    const card = await giftCard(3_000)
    const [first, second] = [await withCart(), await withCart()]
    const forms: Record<string, string>[] = []
    for (const browser of [first, second]) {
      await browser.post('/cart/codes', { code: card.code })
      await browser.post('/checkout', {
        ...fieldsOf((await browser.get('/checkout')).text),
        ...address,
        intent: 'update',
      })
      const page = await browser.get('/checkout')
      assert.match(page.text, /Your gift card pays for all of it\./)
      assert.match(page.text, /<iframe[^>]*hidden/)
      assert.match(page.text, />Place order</)
      forms.push({ ...fieldsOf(page.text), intent: 'pay' })
    }
    assert.match((await first.post('/checkout', forms[0] ?? {})).location, /^\/orders\//)
    const late = await second.post('/checkout', forms[1] ?? {})
    assert.equal(late.status, 409)
    assert.match(late.text, /The total is now €24\.80, and €19\.60 of it is left to pay\./)
  })

  test('3-D Secure leads to the bank and back to the order', async () => {
    const browser = await withCart()
    await browser.post('/checkout', {
      ...fieldsOf((await browser.get('/checkout')).text),
      ...address,
      intent: 'update',
    })
    const form = { ...fieldsOf((await browser.get('/checkout')).text), intent: 'pay', token: 'tok_3ds' }
    const { status, location } = await browser.post('/checkout', form)
    assert.equal(status, 303)
    assert.ok(location.startsWith(`${shop.sandbox.url}/challenge/`), location)
    const back = await fetch(location, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'decision=approve',
      redirect: 'manual',
    })
    const address2 = new URL(back.headers.get('location') ?? '')
    assert.equal(address2.pathname, '/checkout/return')
    const done = await browser.get(address2.pathname + address2.search)
    assert.match(done.location, /^\/orders\/order_[0-9a-z]{26}\?token=[\w-]{22}&placed=$/)
    assert.match((await browser.get(done.location)).text, /Thank you for your order/)
  })

  test('forms from other sites are not followed', async () => {
    const browser = await withCart()
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const answer = await browser.post(
        '/cart/lines',
        { variantId: mug.variantId, quantity: '1', from: 'mug' },
        headers,
      )
      assert.equal(answer.status, 403)
      assert.match(answer.text, /This came from somewhere else/)
    }
    assert.match((await browser.get('/')).text, /aria-label="Cart, 1 item"/)
    const json = await fetch(`${shop.url}/cart/lines`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    assert.equal(json.status, 415)
  })
})
