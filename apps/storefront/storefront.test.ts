import assert from 'node:assert/strict'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { catalog } from '#contracts/catalog'
import { sessionCookieName } from '#kernel/public-api'
import { lastingMs } from '#kernel/shared-answers'
import { type Goods, sell } from '../../test/goods.ts'
import { startShop, type TestShop } from '../../test/shop.ts'
import { type Browser, browserAt } from './test-browser.ts'

const hostile = `Jug "><script>alert(1)</script><img src=x onerror=alert(1)>' {{x}} </title>`

describe('the storefront', () => {
  let shop: TestShop
  let mug: Goods
  let open: () => Browser
  before(async () => {
    shop = await startShop('one')
    open = () => browserAt(shop.url)
    mug = await sell(shop, { handle: 'mug', onHand: 50, prices: { eu: 1_990, us: 2_100 } })
    await shop.client(catalog).putCategories({
      categories: [{ handle: 'table', title: 'Table & more', description: 'For <all>', position: 0, mediaUrl: null }],
    })
  })
  after(async () => {
    await shop?.stop()
  })

  test('pages run scripts by nonce alone, cannot be framed, and take no markup from strings', async () => {
    for (const path of [
      '/',
      '/products',
      '/search?q=mug',
      '/products/mug',
      '/cart',
      '/account/sign-in',
      '/nothing-here',
    ]) {
      const { headers, text } = await open().get(path)
      const policy = headers.get('content-security-policy') ?? ''
      const nonce = /script-src 'nonce-([\w+/]{22}==)' 'strict-dynamic'(?:;|$)/.exec(policy)?.[1]
      assert.ok(nonce, `${path}: ${policy}`)
      for (const directive of [
        "default-src 'self'",
        "style-src 'self'",
        "frame-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        'trusted-types stoa',
      ]) {
        assert.ok(policy.split('; ').includes(directive), `${path}: ${directive} is not in ${policy}`)
      }
      const scripts = [...text.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)
      assert.ok(scripts.length >= 2, path)
      for (const tag of scripts.filter((one) => !one.includes('application/ld+json'))) {
        assert.ok(tag.includes(`nonce="${nonce}"`), `${path}: ${tag}`)
      }
      assert.doesNotMatch(text, /\son\w+=|\sstyle=|javascript:/i, path)
      assert.doesNotMatch(text, /slot[0-9a-f]{32}/, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    }
    const policyOf = async (path: string) => (await open().get(path)).headers.get('content-security-policy')
    // A page of one person has a nonce of its own; a shared one for as long as it is kept.
    assert.notEqual(await policyOf('/cart'), await policyOf('/cart'))
    const shared = await policyOf('/')
    const until = performance.now() + 2 * lastingMs
    while ((await policyOf('/')) === shared && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100))
    assert.notEqual(await policyOf('/'), shared)
  })

  test('what a product is called is text, wherever it stands', async () => {
    const staff = { token: shop.staffToken }
    const product = await shop.api(
      'POST',
      '/api/admin/products',
      {
        handle: 'hostile',
        title: hostile,
        vendor: hostile,
        status: 'active',
        descriptionHtml: '<p>Fine</p><script>alert(1)</script><img src="https://elsewhere.example/x.png">',
        options: [{ name: 'Size', values: [hostile, 'M'] }],
        variants: [{ options: { Size: hostile } }, { options: { Size: 'M' } }],
      },
      staff,
    )
    assert.equal(product.status, 201, JSON.stringify(product.body))
    const prices = product.body.variants.map(({ id }: { id: string }) => ({
      variantId: id,
      market: 'eu',
      amount: 100,
      compareAtAmount: null,
    }))
    await shop.api('PUT', '/api/admin/prices', { productId: product.body.id, prices }, staff)
    const { text } = await open().get('/products/hostile')
    assert.doesNotMatch(text, /<script>alert|<img src=x|elsewhere\.example/)
    assert.ok(text.includes('<p>Fine</p>'))
    assert.ok(text.includes('Jug &quot;>&lt;script>alert(1)&lt;/script>'))
    const data = [...text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(([, json]) =>
      JSON.parse(json ?? ''),
    )
    assert.deepEqual(
      data.map((one) => one['@type']),
      ['ProductGroup', 'BreadcrumbList'],
    )
    assert.equal(data[0].name, hostile)
    const { text: found } = await open().get(`/search?q=${encodeURIComponent(hostile)}`)
    assert.doesNotMatch(found, /<script>alert|<img src=x/)
  })

  test('whoever only looks gets no cookie; a cart brings one that scripts cannot read', async () => {
    const browser = open()
    for (const path of ['/', '/products', '/products/mug', '/cart', '/account/sign-in', '/checkout']) {
      assert.deepEqual((await browser.get(path)).headers.getSetCookie(), [], path)
    }
    const added = await browser.post('/cart/lines', { variantId: mug.variantId, quantity: '2', from: 'mug' })
    assert.equal(added.status, 303)
    assert.equal(added.location, '/cart')
    const [cookie, ...others] = added.headers.getSetCookie()
    assert.deepEqual(others, [])
    assert.match(cookie ?? '', /^stoa-cart=cart_[0-9a-z]{26}\.2; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match((await browser.get('/')).text, /aria-label="Cart, 2 items"/)
  })

  test('who makes up a cookie does not change what others are shown', async () => {
    const cartOf = (digit: string) => `stoa-cart=cart_${digit.repeat(26)}.3`
    const session = `${sessionCookieName(shop.url)}=some`
    const cornerOf = async (path: string, cookie: string) => {
      const { headers, text } = await open().get(path, { cookie })
      const labels = [...text.matchAll(/aria-label="(Your account|Sign in|Cart, [^"]+)"/g)].map(([, label]) => label)
      return { labels, etag: headers.get('etag') }
    }
    const madeUp = [
      ['stoa-cart=x.3', cartOf('1')],
      [`x-${cartOf('1')}`, cartOf('1')],
      ['stoa-cart=cart_1.3; stoa-cart-=x.3', cartOf('1')],
      ['signed in stoa-cart=x.3', `${session}; ${cartOf('1')}`],
    ] as const
    for (const [index, [stranger, shopper]] of madeUp.entries()) {
      const path = `/?made-up=${index}`
      assert.deepEqual((await cornerOf(path, stranger)).labels, ['Sign in', 'Cart, empty'], stranger)
      const account = shopper.includes(session) ? 'Your account' : 'Sign in'
      assert.deepEqual((await cornerOf(path, shopper)).labels, [account, 'Cart, 3 items'], stranger)
    }
    // News of what was changed before may come between the two, and a busy machine may take too long: then it was made anew.
    let etags: (string | null)[] = []
    for (let turn = 0; turn < 10 && (turn === 0 || etags[1] !== etags[0]); turn++) {
      const path = `/?shared=${turn}`
      etags = [await cornerOf(path, cartOf('1')), await cornerOf(path, cartOf('2'))].map(({ etag }) => etag)
    }
    assert.match(etags[0] ?? '', /^"/)
    assert.equal(etags[1], etags[0])
  })

  test('no address makes a page lead to another shop', async () => {
    for (const path of ['//evil.example/x', '///evil.example/x', '/\\evil.example/x', '/us//evil.example/x']) {
      const page = await new Promise<string>((resolve, reject) => {
        get({ host: '127.0.0.1', port: new URL(shop.url).port, path }, (answer) => resolve(text(answer))).on(
          'error',
          reject,
        )
      })
      const markets = /<nav class="markets"[\s\S]*?<\/nav>/.exec(page)?.[0] ?? ''
      const links = [...markets.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => new URL(href, shop.url))
      assert.equal(links.length, 2, path)
      for (const link of links) assert.equal(link.origin, new URL(shop.url).origin, `${path}: ${link}`)
    }
  })

  test('each market has its own addresses, currency and cart', async () => {
    const browser = open()
    const eu = await browser.get('/products/mug')
    const us = await browser.get('/us/products/mug')
    assert.match(eu.text, /€19\.90/)
    assert.match(us.text, /\$21\.00/)
    assert.match(us.text, /plus tax/)
    const links = [...us.text.matchAll(/<link rel="(canonical|alternate)"(?: hreflang="([\w-]+)")? href="([^"]+)"/g)]
    assert.deepEqual(
      links.map(([, rel, language, href]) => [rel, language, href]),
      [
        ['canonical', undefined, `${shop.url}/us/products/mug`],
        ['alternate', 'x-default', `${shop.url}/products/mug`],
        ['alternate', 'en', `${shop.url}/products/mug`],
        ['alternate', 'en-US', `${shop.url}/us/products/mug`],
      ],
    )
    await browser.post('/us/cart/lines', { variantId: mug.variantId, quantity: '1', from: 'mug' })
    assert.match((await browser.get('/us/cart')).text, /\$21\.00/)
    const other = await browser.get('/cart')
    assert.match(other.text, /Nothing in here yet/)
    assert.match(other.text, /<a href="\/us\/cart">United States<\/a>/)
    for (const path of [
      '/eu/products/mug',
      '/de/products/mug',
      '/us/products/none',
      '/products/none',
      '/categories/none',
      '/nothing',
    ]) {
      const { status, text } = await browser.get(path)
      assert.equal(status, 404, path)
      assert.match(text, /There is nothing here/)
      assert.match(text, /href="(?:\/us)?\/categories\/table">Table &amp; more/, `${path} leads on`)
    }
  })

  test('a product that moved is found at its new address, and one that was retired is gone', async () => {
    const staff = { token: shop.staffToken }
    const { productId, variantId } = await sell(shop, { handle: 'bowl', onHand: 5, prices: { eu: 900, us: 1_000 } })
    const change = async (version: number, changes: object): Promise<void> => {
      const { status } = await shop.api('PATCH', `/api/admin/products/${productId}`, { version, ...changes }, staff)
      assert.equal(status, 200)
    }
    await change(1, { handle: 'bowl-small' })
    await change(2, { handle: 'schüssel' })
    for (const [old, moved] of [
      ['/products/bowl', '/products/sch%C3%BCssel'],
      [`/us/products/bowl-small?variant=${variantId}`, `/us/products/sch%C3%BCssel?variant=${variantId}`],
    ] as const) {
      const answer = await open().get(old)
      assert.deepEqual([answer.status, answer.location], [301, moved])
      assert.equal((await open().get(moved)).status, 200)
    }
    assert.equal((await shop.api('GET', '/api/products/bowl')).body.handle, 'schüssel')

    await change(3, { status: 'archived' })
    for (const path of ['/products/bowl', '/us/products/sch%C3%BCssel']) {
      const { status, text } = await open().get(path)
      assert.equal(status, 410, path)
      assert.match(text, /This is no longer sold/)
    }
    const { status, body } = await shop.api('GET', '/api/products/bowl')
    assert.deepEqual([status, body.type], [410, '/problems/catalog/retired-product'])
  })

  test('search engines find every product, in every market, and when it changed', async () => {
    const index = await open().get('/sitemap.xml')
    const files = [...index.text.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, file]) => new URL(file ?? ''))
    assert.deepEqual(
      files.map(({ pathname }) => pathname),
      ['/sitemaps/pages.xml', '/sitemaps/products.xml'],
    )
    const products = await open().get('/sitemaps/products.xml')
    const entry = new RegExp(
      `<url><loc>${shop.url}/us/products/mug</loc><lastmod>\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z</lastmod>`,
    )
    assert.match(products.text, entry)
    assert.ok(products.text.endsWith('</urlset>\n'))
    assert.match((await open().get('/sitemaps/pages.xml')).text, /<loc>[^<]+\/categories\/table<\/loc>/)
    assert.match((await open().get('/robots.txt')).text, new RegExp(`Sitemap: ${shop.url}/sitemap.xml`))
    assert.doesNotMatch((await open().get('/categories/table?sort=title')).text, /<link rel="canonical"[^>]*sort=/)
    assert.match((await open().get('/search?q=mug')).text, /<meta name="robots" content="noindex"/)
  })

  test('pictures are kept for ever, and a drawing can neither run nor reach anything', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 50"><path d="M0 0H40V50Z" fill="#a33"/></svg>'
    const put = await shop.client(catalog).putMedia({ base64: Buffer.from(svg).toString('base64') })
    assert.ok(put.ok)
    const answer = await open().get(put.value.url)
    assert.equal(answer.headers.get('content-type'), 'image/svg+xml')
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(
      answer.headers.get('content-security-policy'),
      "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    )
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.match(answer.text, /fill="#a33"/)
    const etag = answer.headers.get('etag') ?? ''
    assert.equal((await open().get(put.value.url, { 'if-none-match': etag })).status, 304)
    const type = async (path: string) => (await open().get(path)).headers.get('content-type')
    assert.equal(await type(`${put.value.url}?w=320`), 'image/svg+xml')
    assert.equal(await type(`${put.value.url}?raster=320`), 'image/webp')
    const png = await sharp({ create: { width: 500, height: 500, channels: 3, background: '#a33' } })
      .png()
      .toBuffer()
    const photograph = await shop.client(catalog).putMedia({ base64: png.toString('base64') })
    assert.ok(photograph.ok)
    assert.equal(await type(photograph.value.url), 'image/png')
    assert.equal(await type(`${photograph.value.url}?w=320`), 'image/webp')
    for (const path of [`${put.value.url}?w=321`, '/media/media_00000000000000000000000000', '/media/x']) {
      assert.equal((await open().get(path)).status, 404, path)
    }
  })
})
