import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cart } from '#contracts/cart'
import { readAddress, readForm, readInput, readQuantity, regionProblem, typedAddress } from './form.ts'
import { safeNext } from './routes/sign-in.ts'

const cartId = `cart_${'0'.repeat(26)}`
const { update, addLine } = cart.operations

test('a form is an object without a prototype; the first of equal names wins, spaces around are dropped', () => {
  const form = readForm('name=+Ada+&name=Eve&__proto__=x&constructor=y&empty=')
  assert.deepEqual(Object.entries(form), [
    ['name', 'Ada'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['empty', ''],
  ])
  assert.equal(Object.getPrototypeOf(form), null)
  const many = readForm(Array.from({ length: 1_000 }, (_, index) => `f${index}=1`).join('&'))
  assert.equal(Object.keys(many).length, 100)
})

test('an address is read without what was left empty, and written back as it was', () => {
  const form = readForm('shippingAddress/name=Ada&shippingAddress/line2=&shippingAddress/country=de&name=Eve')
  const address = readAddress(form, 'shippingAddress/')
  assert.deepEqual(address, { name: 'Ada', country: 'DE' })
  assert.deepEqual(typedAddress({ ...address, id: 7 }, 'x/'), { 'x/name': 'Ada', 'x/country': 'DE' })
})

test('what is wrong is told by field, in words', () => {
  const read = readInput(update, { cartId, email: 'ada', shippingAddress: { name: 'Ada', country: 'DE' } })
  assert.deepEqual(read, {
    ok: false,
    problems: {
      email: 'Enter an e-mail address such as name@example.com.',
      'shippingAddress/line1': 'Enter street and house number.',
      'shippingAddress/city': 'Enter the city.',
      'shippingAddress/postalCode': 'Enter the postal code in letters, digits and spaces.',
    },
  })
  for (const typed of ['', '0', '-1', '1.5', '1e3', '1000000000', 'two']) {
    const line = readInput(addLine, { cartId, variantId: 'variant_x', quantity: readQuantity(typed) })
    assert.deepEqual(line, { ok: false, problems: { quantity: 'Enter a whole number from 1 to 10,000.' } }, typed)
  }
})

test('a card number is refused in whatever field it was typed', () => {
  const address = { name: 'Ada', line1: '4242 4242 4242 4242', city: 'Leipzig', postalCode: '04229', country: 'DE' }
  assert.deepEqual(readInput(update, { cartId, shippingAddress: address }), {
    ok: false,
    problems: { 'shippingAddress/line1': 'This looks like a card number. Please type it into the card fields only.' },
  })
})

test('states are known by code and by name, and asked for where tax depends on them', () => {
  const read = (region: string, country = 'US') => readAddress({ country, region }, '')
  assert.equal(read('ca').region, 'CA')
  assert.equal(read('new york').region, 'NY')
  assert.equal(read('Québec', 'CA').region, 'QC')
  assert.deepEqual(regionProblem(read('Gondor'), 'a/'), {
    'a/region': 'Choose the state or province: the tax depends on it.',
  })
  assert.deepEqual(regionProblem(read('', 'US'), ''), {
    region: 'Choose the state or province: the tax depends on it.',
  })
  assert.deepEqual(regionProblem(read('', 'DE'), ''), {})
  assert.equal(read('Sachsen', 'DE').region, 'Sachsen')
})

test('after signing in nobody is led out of the shop', () => {
  assert.equal(safeNext('/us/checkout'), '/us/checkout')
  assert.equal(safeNext('/orders/order_1?token=x'), '/orders/order_1?token=x')
  for (const next of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/a\nb',
    '/\t/evil.example',
    '',
    null,
    ['/x'],
  ]) {
    assert.equal(safeNext(next), '', String(next))
  }
})
