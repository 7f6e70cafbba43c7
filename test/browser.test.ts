import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FrameLocator, Page } from 'playwright-core'
import { launchBrowser, noBrowser, visitor } from './browser.ts'
import { eventually, type Goods, levels, sell } from './goods.ts'
import { ownerAccount, startShop, type TestShop } from './shop.ts'

const browser = await launchBrowser()
/** Asks for a 3-D Secure challenge; see the sandbox provider's README. */
const challengedCard = '4000 0000 0000 3220'

describe('a guest buys, staff fulfills', { skip: noBrowser(browser) }, () => {
  if (!browser) return
  let shop: TestShop
  let goods: Goods
  before(async () => {
    shop = await startShop('one')
    goods = await sell(shop, { handle: 'walnut-mug', onHand: 9, prices: { eu: 1_990 } })
  })
  after(async () => {
    await browser.close()
    await shop?.stop()
  })

  test('with a card that asks for 3-D Secure, in the provider’s own fields', async (t) => {
    const page = await visitor(t, browser)
    await addToCart(page)
    await page.getByRole('dialog').getByRole('link', { name: 'Go to checkout' }).click()
    await writeAddress(page, 'ada@example.com')
    // Shipping shows by itself as soon as the address is complete.
    await page.getByRole('radio', { name: /Standard/ }).waitFor()
    const pay = page.getByRole('button', { name: 'Pay €24.80' })
    await pay.waitFor()
    await writeCard(page.frameLocator('iframe.card-frame:not([hidden])'))
    await pay.click()
    const orderUrl = await approve(page)

    const number = await orderNumber(page)
    const staff = await visitor(t, browser)
    await signIn(staff, '/admin/orders')
    await staff.getByLabel('Search orders').fill(number)
    await staff.getByRole('link', { name: number, exact: true }).click()
    await staff.getByRole('button', { name: 'Fulfill' }).click()
    const dialog = staff.getByRole('dialog', { name: `Fulfill order ${number}` })
    await dialog.getByLabel('Carrier').fill('DHL')
    await dialog.getByLabel('Tracking number').fill('00340434')
    await dialog.getByRole('button', { name: 'Mark as sent' }).click()
    await staff.getByText('DHL · 00340434').waitFor()
    await staff.getByText('fulfilled', { exact: true }).first().waitFor()
    assert.equal(await staff.getByRole('button', { name: 'Fulfill' }).count(), 0)
    // The way back leads to the list that was looked through.
    await staff.goBack()
    await staff.getByRole('link', { name: number, exact: true }).waitFor()
    assert.equal(await staff.getByLabel('Search orders').inputValue(), number)

    await page.goto(orderUrl)
    await page.getByText(/^1 of 1 items left .* with DHL, tracking number 00340434$/).waitFor()
    await eventually({ onHand: 8, reserved: 0, allocated: 0 }, () => levels(shop, goods.variantId))
  })

  test('without scripts, on the provider’s own page', async (t) => {
    const page = await visitor(t, browser, { javaScriptEnabled: false })
    await addToCart(page)
    await page.getByRole('link', { name: 'Go to checkout' }).click()
    await writeAddress(page, 'grace@example.com')
    await page.getByRole('button', { name: 'Show shipping' }).click()
    await page.getByRole('radio', { name: /Standard/ }).waitFor()
    await page.getByRole('button', { name: 'Pay €24.80' }).click()
    await writeCard(page)
    await page.getByRole('button', { name: 'Pay €24.80' }).click()
    await approve(page)
    const number = await orderNumber(page)
    const found = await shop.api('GET', `/api/admin/orders?q=${number}`, undefined, { token: shop.staffToken })
    assert.deepEqual(
      found.body.items.map(({ email, status, total }: Record<string, unknown>) => ({ email, status, total })),
      [{ email: 'grace@example.com', status: 'placed', total: { amount: 2_480, currency: 'EUR' } }],
    )
  })

  test('with a gift card that staff issue, and a card for the rest; then with the gift card alone', async (t) => {
    const staff = await visitor(t, browser)
    await signIn(staff, '/admin/gift-cards')
    await staff.getByRole('button', { name: 'Issue a gift card' }).click()
    const asked = staff.getByRole('dialog', { name: 'Issue a gift card' })
    await asked.getByLabel('Worth').fill('10')
    await asked.getByLabel('Note').fill('For Ada')
    await asked.getByRole('button', { name: 'Issue' }).click()
    const told = staff.getByRole('dialog', { name: 'A gift card of €10.00' })
    const code = (await told.locator('output').textContent()) ?? ''
    const last4 = code.slice(-4)
    await told.getByRole('button', { name: 'I have it' }).click()
    await staff.getByRole('link', { name: `···· ${last4}` }).waitFor()
    assert.ok(!(await staff.content()).includes(code))

    const page = await visitor(t, browser)
    await addToCart(page)
    await page.getByRole('dialog').waitFor()
    await writeCode(page, code)
    await page.getByText('To pay').waitFor()
    await page.getByRole('link', { name: 'Go to checkout' }).click()
    await writeAddress(page, 'ada@example.com')
    const pay = page.getByRole('button', { name: 'Pay €14.80' })
    await pay.waitFor()
    await writeCard(page.frameLocator('iframe.card-frame:not([hidden])'))
    await pay.click()
    await approve(page)
    await page.getByText(`Gift card ···· ${last4}`).waitFor()

    // Its money is used up; another one pays for everything, and no card is asked for.
    const large = await shop.api(
      'POST',
      '/api/admin/gift-cards',
      { amount: { amount: 5_000, currency: 'EUR' } },
      { token: shop.staffToken },
    )
    await addToCart(page)
    await page.getByRole('dialog').waitFor()
    await writeCode(page, large.body.code)
    await page.getByText('To pay').waitFor()
    await page.getByRole('link', { name: 'Go to checkout' }).click()
    await writeAddress(page, 'ada@example.com')
    await page.getByRole('radio', { name: /Standard/ }).waitFor()
    await page.getByText('Your gift card pays for all of it.').waitFor()
    assert.equal(await page.locator('iframe.card-frame:not([hidden])').count(), 0)
    await page.getByRole('button', { name: 'Place order' }).click()
    await page.getByRole('heading', { name: 'Thank you for your order' }).waitFor()

    await staff.goto(`${shop.url}/admin/gift-cards`)
    await staff.getByRole('link', { name: `···· ${large.body.last4}` }).click()
    await staff.getByText('€25.20 left of €50.00').waitFor()
    await staff.getByRole('link', { name: 'See the order' }).click()
    await staff.getByRole('link', { name: `Gift card ···· ${large.body.last4}` }).waitFor()
  })

  test('a file with stock, sent by who may not set it, is started by who may', async (t) => {
    const account = { email: 'merchant@shop.example', password: 'a long one for the merchant' }
    const wish = { ...account, name: 'Merchant', roles: ['merchandiser'] }
    const made = await shop.api('POST', '/api/admin/staff', wish, { token: shop.staffToken })
    assert.equal(made.status, 201)
    const merchant = await visitor(t, browser, { expected: /403 \(Forbidden\)/ })
    await signIn(merchant, '/admin/imports', account)
    const text = 'Handle,Title,Variant Inventory Tracker,Variant Inventory Qty\ncup,Cup,shopify,7\n'
    const buffer = Buffer.from(text)
    await merchant.getByLabel('File').setInputFiles({ name: 'stock.csv', mimeType: 'text/csv', buffer })
    await merchant.getByRole('alert').getByText('"Variant Inventory Qty" sets stock').waitFor()

    const staff = await visitor(t, browser)
    await signIn(staff, '/admin/imports')
    await staff.getByRole('link', { name: 'stock.csv' }).click()
    await staff.getByRole('button', { name: 'Start the import' }).click()
    await staff.getByText('None: every row was imported.').waitFor()
    assert.equal(await staff.getByRole('button', { name: 'Start the import' }).count(), 0)
  })

  async function signIn(page: Page, path: string, account = ownerAccount): Promise<void> {
    await page.goto(`${shop.url}${path}`)
    await page.getByLabel('E-mail').fill(account.email)
    await page.getByLabel('Password').fill(account.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function writeCode(page: Page, code: string): Promise<void> {
    await page.getByText('Have a discount code or a gift card?').click()
    await page.getByLabel('Discount or gift-card code').fill(code)
    await page.getByRole('button', { name: 'Apply' }).click()
  }

  async function addToCart(page: Page): Promise<void> {
    await page.goto(`${shop.url}/products/${goods.handle}`)
    await page.getByRole('button', { name: 'Add to cart' }).click()
  }

  async function writeAddress(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail').fill(email)
    const delivery = page.getByRole('group', { name: 'Delivery' })
    await delivery.getByLabel('Country').selectOption('DE')
    await delivery.getByLabel('Full name').fill('Ada Lovelace')
    await delivery.getByLabel('Street and number').fill('Invalidenstraße 1')
    await delivery.getByLabel('Postal code').fill('10115')
    await delivery.getByLabel('City').fill('Berlin')
    await delivery.getByLabel('City').blur()
  }

  async function writeCard(fields: Page | FrameLocator): Promise<void> {
    await fields.getByLabel('Card number').fill(challengedCard)
    await fields.getByLabel('Expiry').fill('12 / 40')
    await fields.getByLabel('Security code').fill('123')
  }

  /** Passes the bank's challenge. @returns the address of the order's page, which opens it without an account */
  async function approve(page: Page): Promise<string> {
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'Thank you for your order' }).waitFor()
    return page.url()
  }

  async function orderNumber(page: Page): Promise<string> {
    const [number] = /S-\d+/.exec((await page.getByRole('main').textContent()) ?? '') ?? []
    return number ?? assert.fail('the confirmation names no order')
  }
})
