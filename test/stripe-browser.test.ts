import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { startTestStripe, type TestStripe, webhookSecret } from '../providers/payments/stripe/test-stripe.ts'
import { launchBrowser, noBrowser, visitor } from './browser.ts'
import { eventually, type Goods, levels, sell } from './goods.ts'
import { ownerAccount, startShop, type TestShop } from './shop.ts'
import { startStripeScript } from './stripe-script.ts'

const browser = await launchBrowser()

describe('paying by Stripe and by transfer, in a browser', { skip: noBrowser(browser) }, () => {
  if (!browser) return
  let stripe: TestStripe
  let script: Awaited<ReturnType<typeof startStripeScript>>
  let shop: TestShop
  let goods: Goods
  before(async () => {
    stripe = await startTestStripe()
    script = await startStripeScript(stripe)
    shop = await startShop('one', {
      payments: {
        providers: ['stripe', 'manual'],
        capture: 'at-once',
        manual: { title: 'Bank transfer', instructions: 'To Stoa\nIBAN DE02 1203 0000 0000 2020 51', days: 10 },
      },
      environment: {
        STRIPE_SECRET_KEY: 'sk_test_of_the_shop',
        STRIPE_PUBLISHABLE_KEY: 'pk_test_of_the_shop',
        STRIPE_WEBHOOK_SECRET: webhookSecret,
        STRIPE_API_URL: stripe.url,
        STRIPE_SCRIPT_URL: script.scriptUrl,
      },
    })
    goods = await sell(shop, { handle: 'walnut-mug', onHand: 50, prices: { eu: 1_990 } })
  })
  after(async () => {
    await browser.close()
    await shop?.stop()
    await script?.stop()
    await stripe?.stop()
  })

  const toCheckout = async (page: Page): Promise<void> => {
    await page.goto(`${shop.url}/products/${goods.handle}`)
    await page.getByRole('button', { name: 'Add to cart' }).click()
    await page.getByRole('link', { name: 'Go to checkout' }).first().click()
    await page.getByLabel('E-mail').fill('ada@example.com')
    const delivery = page.getByRole('group', { name: 'Delivery' })
    await delivery.getByLabel('Country').selectOption('DE')
    await delivery.getByLabel('Full name').fill('Ada Lovelace')
    await delivery.getByLabel('Street and number').fill('Invalidenstraße 1')
    await delivery.getByLabel('Postal code').fill('10115')
    await delivery.getByLabel('City').fill('Berlin')
    await delivery.getByLabel('City').blur()
  }
  const pay = async (page: Page, number: string): Promise<void> => {
    const button = page.getByRole('button', { name: 'Pay €24.80' })
    await button.waitFor()
    await page.frameLocator('.card-fields iframe').getByLabel('Card number').fill(number)
    await button.click()
  }
  const answer = (page: Page, name: 'Approve' | 'Decline') =>
    page.frameLocator('iframe[title="Your bank"]').getByRole('button', { name }).click()
  const thanks = (page: Page) => page.getByRole('heading', { name: 'Thank you for your order' }).waitFor()

  test('a card pays; Stripe’s script is loaded on the checkout and nowhere else', async (t) => {
    const page = await visitor(t, browser)
    const scripts: string[] = []
    page.on('request', (request) => {
      if (request.url() === script.scriptUrl) scripts.push(new URL(page.url()).pathname)
    })
    await toCheckout(page)
    await pay(page, '4242 4242 4242 4242')
    await thanks(page)
    assert.deepEqual(scripts, ['/checkout'])
    const last = stripe.account.all().at(-1)
    assert.deepEqual([last?.status, last?.amount, last?.currency], ['succeeded', 2_480, 'eur'])
  })

  test('the bank asks: passed, the order is placed; not passed, nothing is charged and another card pays', async (t) => {
    const page = await visitor(t, browser)
    await toCheckout(page)
    await pay(page, '4000 0027 6000 3184')
    await answer(page, 'Decline')
    await page.getByText('The payment did not go through and nothing was charged.').waitFor()
    await pay(page, '4000 0027 6000 3184')
    await answer(page, 'Approve')
    await thanks(page)
    const [declined, paid] = stripe.account.all().slice(-2)
    assert.deepEqual([declined?.status, paid?.status], ['canceled', 'succeeded'])
    assert.notEqual(declined?.metadata.stoa_order, paid?.metadata.stoa_order)
  })

  test('who left the bank’s question is asked again from the order’s page, by a button', async (t) => {
    const page = await visitor(t, browser)
    await toCheckout(page)
    await pay(page, '4000 0027 6000 3184')
    await page.locator('iframe[title="Your bank"]').waitFor()
    await page.reload()
    const again = page.getByRole('button', { name: 'Confirm the payment' })
    await again.waitFor()
    assert.equal(await page.locator('iframe[title="Your bank"]').count(), 0)
    await again.click()
    await answer(page, 'Approve')
    await thanks(page)
  })

  test('what is wrong with the card is said beside it, and the form stays', async (t) => {
    const page = await visitor(t, browser, { expected: /402 \(Payment Required\)/ })
    await toCheckout(page)
    await pay(page, '4242')
    await page.getByText('Your card number is incomplete.').waitFor()
    await pay(page, '4000 0000 0000 9995')
    await page.getByText('The card has insufficient funds. Try another card. Nothing was charged.').waitFor()
    assert.equal(await page.getByLabel('E-mail').inputValue(), 'ada@example.com')
    await pay(page, '4242 4242 4242 4242')
    await thanks(page)
  })

  test('the page says what is missing when Stripe’s script does not come, and without scripts', async (t) => {
    const page = await visitor(t, browser, { expected: /ERR_FAILED/ })
    await page.route(script.scriptUrl, (route) => route.abort())
    await toCheckout(page)
    await page.getByText('The card fields could not be loaded.').waitFor()

    const plain = await visitor(t, browser, { javaScriptEnabled: false })
    await toCheckout(plain)
    await plain.getByText('This way to pay needs JavaScript').waitFor()
  })

  test('the page’s policy names Stripe’s origins where a card is asked for, and nowhere else', async () => {
    const policyOf = async (path: string) =>
      (await fetch(shop.url + path, { redirect: 'manual' })).headers.get('content-security-policy') ?? ''
    for (const path of ['/', '/products/walnut-mug', '/cart'])
      assert.doesNotMatch(await policyOf(path), /stripe|default-src[^;]*http/, path)
    const page = await browser.newPage()
    const checkout = page.waitForResponse((response) => new URL(response.url()).pathname === '/checkout')
    await toCheckout(page)
    const policy = (await checkout).headers()['content-security-policy'] ?? ''
    const standIns = `${new URL(script.scriptUrl).origin} ${stripe.url}`
    assert.ok(policy.includes(`connect-src 'self' https://api.stripe.com ${standIns};`), policy)
    assert.ok(
      policy.includes(`frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com ${standIns};`),
      policy,
    )
    assert.ok(policy.includes("form-action 'self';"), policy)
    assert.ok(policy.includes("require-trusted-types-for 'script'; trusted-types stoa default"), policy)
    assert.match(policy, /script-src 'nonce-[^']+' 'strict-dynamic';/)
    await page.close()
  })

  test('a transfer: by the order’s page and by staff’s button, also without scripts', async (t) => {
    const before = await levels(shop, goods.variantId)
    const page = await visitor(t, browser, { javaScriptEnabled: false })
    await toCheckout(page)
    await page.getByRole('button', { name: 'Show shipping' }).click()
    await page.getByRole('radio', { name: 'Bank transfer' }).check()
    await page.getByRole('button', { name: 'Pay €24.80' }).click()
    await page.getByRole('heading', { name: 'How to pay' }).waitFor()
    const orderUrl = page.url()
    const [number = ''] = /S-\d+/.exec((await page.getByRole('main').textContent()) ?? '') ?? []
    const facts = (await page.locator('.transfer').textContent()) ?? ''
    assert.match(facts, /€24\.80/)
    assert.match(facts, new RegExp(number))
    assert.match(facts, /IBAN DE02 1203 0000 0000 2020 51/)
    await eventually({ ...before, reserved: before.reserved + 1 }, () => levels(shop, goods.variantId))
    // What is bought meanwhile is another order.
    await page.goto(`${shop.url}/cart`)
    await page.getByText('Nothing in here yet').waitFor()

    const staff = await visitor(t, browser)
    await staff.goto(`${shop.url}/admin/orders`)
    await staff.getByLabel('E-mail').fill(ownerAccount.email)
    await staff.getByLabel('Password').fill(ownerAccount.password)
    await staff.getByRole('button', { name: 'Sign in' }).click()
    await staff.getByLabel('Search orders').fill(number)
    await staff.getByRole('link', { name: number, exact: true }).click()
    await staff.getByRole('button', { name: 'Mark as paid' }).click()
    const dialog = staff.getByRole('dialog', { name: `Is order ${number} paid?` })
    await dialog.getByText('€24.80').waitFor()
    await dialog.getByRole('button', { name: 'Mark as paid' }).click()
    await staff.getByText('The transfer has arrived.').waitFor()
    await staff.getByRole('button', { name: 'Fulfill' }).waitFor()
    await page.goto(orderUrl)
    await thanks(page)
    assert.equal(await page.getByRole('heading', { name: 'How to pay' }).count(), 0)
  })

  test('the pages with a challenge and a transfer have no accessibility violation', async (t) => {
    const page = await visitor(t, browser)
    await toCheckout(page)
    await page.getByRole('button', { name: 'Pay €24.80' }).waitFor()
    await page.locator('.card-fields iframe').waitFor()
    const check = async (): Promise<void> => {
      const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        [],
      )
    }
    await check()
    await page.getByRole('radio', { name: 'Bank transfer' }).check()
    await page.getByRole('button', { name: 'Pay €24.80' }).click()
    await page.getByRole('heading', { name: 'How to pay' }).waitFor()
    await check()
  })
})
