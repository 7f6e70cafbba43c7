import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import axe from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { seedDemoShop } from '../cli/seed.ts'
import { launchBrowser, noBrowser, visitor } from './browser.ts'
import { buy, eventually, sell } from './goods.ts'
import { ownerAccount, startShop, type TestShop } from './shop.ts'

const browser = await launchBrowser()

/** WCAG 2.2 AA, with what it took over from its predecessors. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** What a color scheme can break; the other rules were asked at the same width already. */
const colorRules = ['color-contrast', 'link-in-text-block']
const looks = [
  { width: 1_280, height: 900, colorScheme: 'light', rules: null },
  { width: 1_280, height: 900, colorScheme: 'dark', rules: colorRules },
  { width: 390, height: 844, colorScheme: 'dark', rules: null },
  { width: 390, height: 844, colorScheme: 'light', rules: colorRules },
] as const
/** No name breaks the page that shows it. */
const longName = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterung aus massivem Nussbaumholz'
const customer = { email: 'mary@example.com', password: 'a customer password for tests', name: 'Mary Somerville' }

describe('accessibility of every page, in light and dark, on a phone and a desktop', {
  skip: noBrowser(browser),
}, () => {
  if (!browser) return
  let shop: TestShop
  let variantId = ''
  let orderPath = ''
  let orderId = ''
  before(async () => {
    shop = await startShop('one')
    await seedDemoShop(shop.client, () => undefined)
    await eventually(true, async () => (await listed('/api/products?limit=1')).length === 1)
    const { body: product } = await shop.api('GET', '/api/products/noon-straw-hat')
    const long = { handle: 'long-name', title: longName, onHand: 3, prices: { eu: 999_999_900 }, vendor: longName }
    await sell(shop, long)
    variantId = product.variants.find(({ available }: { available: boolean }) => available).id
    const { checkout } = await buy(shop, variantId)
    orderId = checkout.body.order.id
    orderPath = `/orders/${orderId}?token=${checkout.body.order.token}`
    const signUp = await shop.api('POST', '/api/auth/sign-up/email', customer)
    assert.equal(signUp.status, 200, JSON.stringify(signUp.body))
  })
  after(async () => {
    await browser.close()
    await shop?.stop()
  })

  test('the storefront, to somebody who looks around', async (t) => {
    const page = await visitor(t, browser, { expected: /status of 404/ })
    for (const path of [
      '/',
      '/categories/wardrobe',
      '/search?q=hat',
      '/search?q=qqqqqq',
      '/products/noon-straw-hat',
      '/products/long-name',
      '/cart',
      '/account/sign-in',
      '/account/sign-up',
      '/account/forgot-password',
      '/pages/delivery',
      orderPath,
      '/no-such-page',
    ])
      await check(page, path)
  })

  test('the storefront, to somebody who buys', async (t) => {
    const page = await visitor(t, browser)
    await page.goto(`${shop.url}/products/noon-straw-hat`)
    await page.getByRole('button', { name: 'Add to cart' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Go to checkout' }).waitFor()
    await inspect(page, 'the cart beside the page')
    await page.goto(`${shop.url}/products/long-name`)
    await page.getByRole('button', { name: 'Add to cart' }).click()
    await page.getByRole('dialog').getByRole('link', { name: longName }).waitFor()
    await check(page, '/cart')
    await check(page, '/checkout')
  })

  test('the storefront, to a customer', async (t) => {
    const page = await visitor(t, browser)
    await page.goto(`${shop.url}/account/sign-in`)
    await page.getByLabel('E-mail').fill(customer.email)
    await page.getByLabel('Password', { exact: true }).fill(customer.password)
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    for (const path of ['/account', '/account/addresses']) await check(page, path)
  })

  test('the admin', async (t) => {
    const page = await visitor(t, browser)
    await page.goto(`${shop.url}/admin`)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await inspect(page, 'admin: sign in')
    await page.getByLabel('E-mail').fill(ownerAccount.email)
    await page.getByLabel('Password').fill(ownerAccount.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Home' }).waitFor()
    const staff = { token: shop.staffToken }
    const [product, mail] = await Promise.all(
      ['/api/admin/products?q=hat', '/api/admin/mails'].map(
        async (path) => (await shop.api('GET', path, undefined, staff)).body.items[0].id as string,
      ),
    )
    const worth = { amount: { amount: 5_000, currency: 'EUR' }, note: 'For a friend' }
    const giftCard = await shop.api('POST', '/api/admin/gift-cards', worth, staff)
    for (const path of [
      '',
      '/orders',
      `/orders/${orderId}`,
      '/products',
      `/products/${product}`,
      '/stock',
      '/promotions',
      '/gift-cards',
      `/gift-cards/${giftCard.body.id}`,
      '/imports',
      '/mails',
      '/dead-letters',
      `/mails/${mail}`,
      '/staff',
    ])
      await check(page, `/admin${path}`)
    await page.goto(`${shop.url}/admin/orders/${orderId}`)
    await page.getByRole('button', { name: 'Fulfill' }).click()
    await page.getByRole('dialog').waitFor()
    await inspect(page, 'admin: fulfill')
  })

  const listed = async (path: string): Promise<unknown[]> => (await shop.api('GET', path)).body.items

  async function check(page: Page, path: string): Promise<void> {
    await page.goto(`${shop.url}${path}`)
    if (path.startsWith('/admin')) {
      await page.locator('h1').waitFor()
      await page.getByText('Loading …').first().waitFor({ state: 'detached' })
    }
    await inspect(page, path)
  }

  /** Looks at the page as it is now in every look, and names each element that breaks a rule. */
  async function inspect(page: Page, name: string): Promise<void> {
    const found: string[] = []
    for (const { width, height, colorScheme, rules } of looks) {
      await page.setViewportSize({ width, height })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      // In the page itself, not in a second one; the frames here are other origins' or mails without scripts.
      const builder = new axe({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })
      const { violations } = await (rules ? builder.withRules([...rules]) : builder.withTags(tags)).analyze()
      const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      if (wider > 0) found.push(`${width}: ${wider} pixels wider than the screen`)
      for (const { id, nodes } of violations)
        for (const { target, failureSummary } of nodes)
          found.push(`${colorScheme} ${width}: ${id} at ${target.join(' ')}: ${failureSummary?.replaceAll('\n', ' ')}`)
    }
    assert.deepEqual(found, [], name)
  }
})
