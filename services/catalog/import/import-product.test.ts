import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accepted,
  counts,
  csvOf,
  handleFor,
  importFile,
  onHand,
  pick,
  productOf,
  startShop,
  type TestShop,
} from '../test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop()
})
after(() => shop.stop())

describe('a product', () => {
  test('comes with everything the file says of it', async () => {
    const id = handleFor()
    const first = {
      Handle: id,
      Title: ' Oak Cup ',
      'Body (HTML)': '<p>Made of <b>oak</b>,\nby "hand"</p><script>alert(1)</script>',
      Vendor: 'Company 123',
      Type: 'Tea Ware',
      Tags: 'new, oak ,new',
      Published: 'TRUE',
      Status: 'active',
      'Option1 Name': 'Size',
      'Option1 Value': 'S',
      'Option2 Name': 'Color',
      'Option2 Value': 'Red',
      'Variant SKU': `${id}-S`,
      'Variant Barcode': "'0012345",
      'Variant Grams': '249.6',
      'Variant Weight Unit': 'kg',
      'Variant Inventory Tracker': 'shopify',
      'Variant Inventory Qty': '7',
      'Variant Inventory Policy': 'continue',
      'Variant Price': '49',
      'Variant Compare At Price': '59.90',
      'Variant Requires Shipping': 'false',
      'Variant Taxable': 'FALSE',
      'Variant Tax Code': 'books',
      'Image Src': 'https://cdn.example/2.jpg',
      'Image Position': '2',
      'Image Alt Text': 'From behind',
      'Variant Image': 'https://cdn.example/1.jpg',
      'Gift Card': 'false',
      'SEO Title': 'A cup',
      'SEO Description': 'Of oak',
      'Google Shopping / Gender': 'unisex',
      'Cost per item': '3.50',
    }
    const second = {
      Handle: id,
      'Option1 Value': 'L',
      'Option2 Value': 'Red',
      'Variant Price': '52.5',
      'Variant Inventory Qty': '3',
      'Variant Inventory Tracker': 'shopify',
      'Image Src': 'https://cdn.example/1.jpg',
      'Image Position': '1',
      'Image Alt Text': 'From the front',
    }
    const third = { Handle: id, 'Image Src': 'https://cdn.example/3.jpg', 'Image Position': '3' }
    const { report, rejected } = await importFile(shop, csvOf([first, second, third]))
    assert.deepEqual(rejected, [])
    assert.deepEqual([report.state, report.rows, ...counts(report)], ['done', 3, 1, 0, 0, 0])
    assert.deepEqual(report.unknownColumns, ['Variant Weight Unit', 'Google Shopping / Gender', 'Cost per item'])
    assert.deepEqual([report.bytesDone, report.imagesKeptAsAddress], [report.bytes, 3])

    const cup = await productOf(shop, id)
    assert.deepEqual(
      pick(cup, 'title', 'descriptionHtml', 'vendor', 'productType', 'tags', 'status', 'isGiftCard', 'seo'),
      {
        title: 'Oak Cup',
        descriptionHtml: '<p>Made of <b>oak</b>,\nby "hand"</p>',
        vendor: 'Company 123',
        productType: 'Tea Ware',
        tags: ['new', 'oak'],
        status: 'active',
        isGiftCard: false,
        seo: { title: 'A cup', description: 'Of oak' },
      },
    )
    assert.deepEqual(cup.options, [
      { name: 'Size', values: ['S', 'L'] },
      { name: 'Color', values: ['Red'] },
    ])
    assert.deepEqual(cup.extra, { 'Google Shopping / Gender': 'unisex' })
    assert.deepEqual(
      cup.media.map(({ sourceUrl, alt }) => [sourceUrl, alt]),
      [
        ['https://cdn.example/1.jpg', 'From the front'],
        ['https://cdn.example/2.jpg', 'From behind'],
        ['https://cdn.example/3.jpg', ''],
      ],
    )
    const [small, large] = cup.variants
    assert.ok(small && large)
    const { id: _, ...fields } = small
    assert.deepEqual(fields, {
      sku: `${id}-S`,
      barcode: '0012345',
      options: { Size: 'S', Color: 'Red' },
      grams: 250,
      requiresShipping: false,
      taxable: false,
      taxCode: 'books',
      inventoryPolicy: 'continue',
      inventoryTracked: true,
      mediaId: cup.media[0]?.id,
      extra: { 'Variant Weight Unit': 'kg', 'Cost per item': '3.50' },
    })
    assert.deepEqual(
      pick(large, 'sku', 'barcode', 'grams', 'requiresShipping', 'taxable', 'inventoryPolicy', 'mediaId'),
      {
        sku: null,
        barcode: null,
        grams: 0,
        requiresShipping: true,
        taxable: true,
        inventoryPolicy: 'deny',
        mediaId: null,
      },
    )
    assert.deepEqual(
      cup.prices.map(({ market, price, compareAtPrice }) => [market, price.amount, compareAtPrice?.amount]),
      [
        ['eu', 4900, 5990],
        ['eu', 5250, undefined],
      ],
    )
    assert.deepEqual(await onHand(shop, [small.id, large.id]), [7, 3])
    assert.deepEqual(cup.categories, ['tea-ware'])
    const categories = accepted(await shop.catalog.categories({})).items
    assert.ok(categories.some((one) => one.handle === 'tea-ware' && one.title === 'Tea Ware'))
    const shown = accepted(await shop.catalog.product({ handle: id }))
    assert.deepEqual(
      shown.variants.map(({ available, lowStock }) => [available, lowStock]),
      [
        [true, null],
        [true, 3],
      ],
    )
  })

  test('may be written with the newer template’s columns', async () => {
    const id = handleFor()
    const row = {
      'URL handle': id,
      Title: 'Cup',
      Description: 'A cup',
      'Published on online store': 'TRUE',
      Status: 'Active',
      SKU: "'007",
      'Option1 name': 'Size',
      'Option1 value': 'S',
      'Option1 Linked To': 'product.metafields.shopify.size',
      Price: '9.90',
      'Compare-at price': '12',
      'Charge tax': 'TRUE',
      'Inventory tracker': 'shopify',
      'Inventory quantity': '4',
      'Continue selling when out of stock': 'CONTINUE',
      'Weight value (grams)': '120',
      'Requires shipping': 'TRUE',
      'Product image URL': 'https://cdn.example/new.jpg',
      'Variant image URL': 'https://cdn.example/new.jpg',
    }
    const { rejected } = await importFile(shop, csvOf([row]))
    assert.deepEqual(rejected, [])
    const { variants, media, prices } = await productOf(shop, id)
    assert.deepEqual(
      pick(variants[0] ?? assert.fail(), 'sku', 'grams', 'inventoryPolicy', 'inventoryTracked', 'mediaId', 'extra'),
      {
        sku: '007',
        grams: 120,
        inventoryPolicy: 'continue',
        inventoryTracked: true,
        mediaId: media[0]?.id,
        extra: { 'Option1 Linked To': 'product.metafields.shopify.size' },
      },
    )
    assert.deepEqual([prices[0]?.price.amount, prices[0]?.compareAtPrice?.amount], [990, 1200])
  })

  test('without options has one variant, however that is written', async () => {
    const [a, b, c] = [handleFor(), handleFor(), handleFor()]
    await importFile(
      shop,
      csvOf([
        { Handle: a, Title: 'A', 'Option1 Name': 'Title', 'Option1 Value': 'Default Title', 'Variant Price': '1' },
        { Handle: b, Title: 'B', 'Variant Price': '1' },
        { Handle: c, Title: 'C' },
      ]),
    )
    for (const id of [a, b, c]) {
      const { options, variants } = await productOf(shop, id)
      assert.deepEqual([options, variants.length, variants[0]?.options], [[], 1, {}])
    }
  })

  test('is for sale unless status or publication say otherwise', async () => {
    const rows = [
      ['true', '', 'active'],
      ['', 'active', 'active'],
      ['false', '', 'draft'],
      ['false', 'active', 'draft'],
      ['true', 'draft', 'draft'],
      ['true', 'Archived', 'archived'],
    ].map(([Published = '', Status = '', wanted = '']) => ({
      Handle: handleFor(),
      Title: 'Cup',
      Published,
      Status,
      wanted,
    }))
    await importFile(shop, csvOf(rows.map(({ wanted: _, ...row }) => row)))
    for (const { Handle, wanted } of rows) assert.equal((await productOf(shop, Handle)).status, wanted)
  })

  test('that is a gift card stays one', async () => {
    const id = handleFor('gift')
    await importFile(
      shop,
      csvOf([
        {
          Handle: id,
          Title: 'Gift card',
          'Gift Card': 'true',
          'Option1 Name': 'Value',
          'Option1 Value': '25',
          'Variant Price': '25',
          'Variant Requires Shipping': 'false',
        },
      ]),
    )
    const gift = await productOf(shop, id)
    assert.deepEqual([gift.isGiftCard, gift.variants[0]?.requiresShipping], [true, false])
  })

  test('counts its stock where the file counts it', async () => {
    const row = (id: string, value: string, tracker: string, quantity: string) => ({
      Handle: id,
      Title: 'Cup',
      'Option1 Name': 'Size',
      'Option1 Value': value,
      'Variant Inventory Tracker': tracker,
      'Variant Inventory Qty': quantity,
    })
    const [said, meant, not, mixed] = [handleFor(), handleFor(), handleFor(), handleFor()]
    await importFile(
      shop,
      csvOf([
        row(said, 'S', 'shopify', '0'),
        row(meant, 'S', '', '2'),
        row(meant, 'M', '', '0'),
        row(not, 'S', '', '0'),
        row(mixed, 'S', 'shopify', '-3'),
        row(mixed, 'M', '', '5'),
      ]),
    )
    const tracked = async (id: string) =>
      (await productOf(shop, id)).variants.map(({ inventoryTracked }) => inventoryTracked)
    assert.deepEqual(await tracked(said), [true])
    assert.deepEqual(await tracked(meant), [true, true], 'a number on one variant means that the product is counted')
    assert.deepEqual(await tracked(not), [false])
    assert.deepEqual(await tracked(mixed), [true, false])
    const { variants } = await productOf(shop, mixed)
    assert.deepEqual(
      await onHand(
        shop,
        variants.map(({ id }) => id),
      ),
      [0, undefined],
    )
  })

  test('goes to the market of the import, in its currency', async () => {
    const id = handleFor()
    await importFile(shop, csvOf([{ Handle: id, Title: 'Cup', 'Variant Price': '1200' }]), { market: 'jp' })
    await importFile(shop, csvOf([{ Handle: id, Title: 'Cup', 'Variant Price': '9.90' }]), { market: 'us' })
    const prices = (await productOf(shop, id)).prices.map(({ market, price }) => [market, price.amount, price.currency])
    assert.deepEqual(prices.sort(), [
      ['jp', 1200, 'JPY'],
      ['us', 990, 'USD'],
    ])
    const { rejected } = await importFile(shop, csvOf([{ Handle: id, Title: 'Cup', 'Variant Price': '9.90' }]), {
      market: 'jp',
    })
    assert.match(rejected[0]?.reason ?? '', /"9.90" is no amount of JPY/)
    assert.equal((await shop.catalog.createImport({ fileName: 'x.csv', market: 'mars' })).ok, false)
  })
})
