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
    await staff.goto(`${shop.url}/admin/orders`)
    await staff.getByLabel('E-mail').fill(ownerAccount.email)
    await staff.getByLabel('Password').fill(ownerAccount.password)
    await staff.getByRole('button', { name: 'Sign in' }).click()
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
