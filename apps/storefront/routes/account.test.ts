import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Goods, sell } from '../../../test/goods.ts'
import { untilMinuteHasRoom } from '../../../test/rate-window.ts'
import { startShop, type TestShop } from '../../../test/shop.ts'
import { type Browser, browserAt } from '../test-browser.ts'

describe('accounts by forms alone', () => {
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

  test('an account is opened, used and left; nobody learns whether an address has one', async () => {
    const browser = open()
    const person = { name: 'Grace Hopper', email: 'grace@example.com', password: 'a bug was found in the relay' }
    const opened = await browser.post('/account/sign-up', person)
    assert.equal(opened.location, '/account/sign-in?welcome')
    assert.equal(
      (await open().post('/account/sign-up', { ...person, password: 'another long password' })).location,
      opened.location,
    )
    const short = await open().post('/account/sign-up', { ...person, password: 'short' })
    assert.equal(short.status, 422)
    assert.match(short.text, /Use 15 to 256 characters/)
    assert.doesNotMatch(short.text, /value="short"/)
    for (const email of [person.email, 'nobody@example.com']) {
      const wrong = await open().post('/account/sign-in', { email, password: 'not the password' })
      assert.equal(wrong.status, 401)
      assert.match(wrong.text, /E-mail and password do not fit together/)
    }
    assert.equal((await browser.get('/account')).location, '/account/sign-in?next=%2Faccount')
    const signedIn = await browser.post('/account/sign-in', { ...person, next: '/account/addresses' })
    assert.equal(signedIn.location, '/account/addresses')
    assert.match(signedIn.headers.getSetCookie().join(), /^stoa-session=[^;]+;[^,]*HttpOnly/)
    assert.match((await browser.get('/account')).text, /Hello, Grace Hopper/)

    const saved = await browser.post('/account/addresses', {
      name: 'Grace Hopper',
      line1: 'Invalidenstraße 1',
      postalCode: '10115',
      city: 'Berlin',
      country: 'DE',
    })
    assert.equal(saved.location, '/account/addresses')
    assert.match((await browser.get('/account/addresses')).text, /Invalidenstraße 1/)
    await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    const checkout = await browser.get('/checkout')
    assert.match(checkout.text, /value="grace@example\.com"/)
    assert.match(checkout.text, /value="Invalidenstraße 1"/)

    // What was typed is in the cart now, and the next one at this machine must not be shown it.
    const address = {
      'shippingAddress/name': person.name,
      'shippingAddress/line1': 'Invalidenstraße 1',
      'shippingAddress/postalCode': '10115',
      'shippingAddress/city': 'Berlin',
      'shippingAddress/country': 'DE',
    }
    assert.equal(
      (await browser.post('/checkout', { intent: 'update', email: person.email, ...address })).location,
      '/checkout',
    )
    assert.equal((await browser.post('/account/sign-out', {})).location, '/account/sign-in?out')
    assert.equal((await browser.get('/account')).location, '/account/sign-in?next=%2Faccount')
    assert.equal((await browser.get('/checkout')).location, '/cart')
  })

  test('a state is asked for wherever an address is typed or taken, and kept as its code', async () => {
    const browser = open()
    const person = { name: 'Joan Clarke', email: 'joan@example.com', password: 'six huts and a long corridor' }
    await browser.post('/account/sign-up', person)
    await browser.post('/account/sign-in', person)
    const address = { name: 'Joan Clarke', line1: 'Main Street 1', postalCode: '93650', city: 'Fresno', country: 'US' }
    const asked = /Choose the state or province: the tax depends on it\./
    for (const region of ['Calif.', '']) {
      const wrong = await browser.post('/us/account/addresses', { ...address, region })
      assert.deepEqual([wrong.status, asked.test(wrong.text)], [422, true], region)
    }
    assert.equal((await browser.post('/us/account/addresses', { ...address, region: 'california' })).status, 303)
    assert.match((await browser.get('/us/account/addresses')).text, /Fresno CA 93650/)

    await browser.post('/us/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    const at = (prefix: string, given: Record<string, string>) =>
      Object.fromEntries(Object.entries(given).map(([name, value]) => [`${prefix}/${name}`, value]))
    const form = { intent: 'update', email: person.email, ...at('shippingAddress', { ...address, region: 'ny' }) }
    const billed = { billingDiffers: 'true', ...at('billingAddress', { ...address, region: 'Calif.' }) }
    const wrong = await browser.post('/us/checkout', { ...form, ...billed })
    assert.deepEqual([wrong.status, asked.test(wrong.text)], [422, true])

    const { email, password } = person
    // Saved by the API, which takes an address without one.
    const signedIn = await shop.api('POST', '/api/auth/sign-in/email', { email, password })
    const bare = await shop.api('POST', '/api/account/addresses', address, { token: signedIn.body.token })
    assert.equal(bare.status, 201)
    const taken = await browser.post('/us/checkout', { useAddress: bare.body.id })
    assert.deepEqual([taken.status, asked.test(taken.text)], [422, true])
    await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    const elsewhere = await browser.post('/checkout', { useAddress: bare.body.id })
    assert.deepEqual([elsewhere.status, /We do not send to this address/.test(elsewhere.text)], [422, true])
  })

  test('guessing passwords through the pages is limited as through the API', async () => {
    const browser = open()
    await untilMinuteHasRoom()
    const guess = () => browser.post('/account/sign-in', { email: 'owner@shop.example', password: 'a guess' })
    const statuses = await Promise.all(Array.from({ length: 25 }, async () => (await guess()).status))
    assert.ok(statuses.includes(401))
    const { status, text } = await guess()
    assert.equal(status, 429)
    assert.match(text, /Too many attempts/)
  })
})
