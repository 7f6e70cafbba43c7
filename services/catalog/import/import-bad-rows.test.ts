import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  accepted,
  allProducts,
  counts,
  handleFor,
  importFile,
  productOf,
  startShop,
  type TestShop,
} from '../test-shop.ts'

let shop: TestShop
before(async () => {
  shop = await startShop()
})
after(() => shop.stop())

describe('a bad row', () => {
  const columns =
    'Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Variant Grams,Variant Inventory Policy,Variant Taxable,Status,Image Src'
  const base = (id: string) => ({
    Handle: id,
    Title: '',
    'Option1 Name': '',
    'Option1 Value': 'M',
    'Variant SKU': '',
    'Variant Price': '2',
    'Variant Inventory Qty': '1',
    'Variant Grams': '1',
    'Variant Inventory Policy': 'deny',
    'Variant Taxable': 'true',
    Status: '',
    'Image Src': '',
  })
  type Base = ReturnType<typeof base>
  const good = (id: string) => ({ ...base(id), Title: 'Cup', 'Option1 Name': 'Size', 'Option1 Value': 'S' })
  const text = (...rows: Base[]) =>
    [
      columns,
      ...rows.map((row) =>
        columns
          .split(',')
          .map((column) => row[column as keyof Base])
          .join(','),
      ),
    ].join('\n')

  const variants: [string, Partial<Base>, string, RegExp][] = [
    ['price in words', { 'Variant Price': 'free' }, 'Variant Price', /"free" is no amount of EUR such as 19.90/],
    ['negative price', { 'Variant Price': '-1' }, 'Variant Price', /is no amount/],
    ['price with too many digits', { 'Variant Price': '1.999' }, 'Variant Price', /is no amount/],
    ['price with a decimal comma', { 'Variant Price': '"1,99"' }, 'Variant Price', /"1,99" is no amount/],
    ['price beyond the limit', { 'Variant Price': '99999999.00' }, 'Variant Price', /is no amount/],
    ['half a unit', { 'Variant Inventory Qty': '1.5' }, 'Variant Inventory Qty', /"1.5" is no number of units/],
    ['stock in words', { 'Variant Inventory Qty': 'many' }, 'Variant Inventory Qty', /is no number of units/],
    ['weight in words', { 'Variant Grams': '1kg' }, 'Variant Grams', /"1kg" is no weight in grams/],
    ['another policy', { 'Variant Inventory Policy': 'maybe' }, 'Variant Inventory Policy', /choice of deny, continue/],
    ['neither true nor false', { 'Variant Taxable': 'perhaps' }, 'Variant Taxable', /is no TRUE or FALSE/],
    [
      'no value of the option',
      { 'Option1 Value': '' },
      'Option1 Value',
      /is missing: the product has an option "Size"/,
    ],
    ['the same variant again', { 'Option1 Value': 'S' }, 'Option1 Value', /is the same variant as row 2/],
    ['a long SKU', { 'Variant SKU': 'x'.repeat(256) }, 'Variant SKU', /longer than 255/],
  ]
  for (const [what, fault, column, reason] of variants) {
    test(`${what}: costs that variant alone`, async () => {
      const id = handleFor()
      const { report, rejected } = await importFile(
        shop,
        text(good(id), { ...base(id), ...fault }, { ...base(id), 'Option1 Value': 'L' }),
      )
      assert.deepEqual(
        rejected.map((one) => [one.row, one.handle, one.column]),
        [[3, id, column]],
      )
      assert.match(rejected[0]?.reason ?? '', reason)
      assert.deepEqual(counts(report), [1, 0, 0, 1])
      assert.deepEqual(
        (await productOf(shop, id)).variants.map(({ options }) => options.Size),
        ['S', 'L'],
      )
    })
  }

  test('a SKU of another product, of the shop or of the file, costs that variant', async () => {
    const [a, b, c] = [handleFor(), handleFor(), handleFor()]
    await importFile(shop, text({ ...good(a), 'Variant SKU': `${a}-1` }))
    const { rejected } = await importFile(
      shop,
      text(
        { ...good(b), 'Variant SKU': `${b}-1` },
        { ...base(b), 'Variant SKU': `${a}-1` },
        { ...good(c), 'Variant SKU': `${c}-1` },
        { ...base(c), 'Variant SKU': `${b}-1` },
        { ...base(c), 'Option1 Value': 'L', 'Variant SKU': `${c}-1` },
      ),
    )
    assert.deepEqual(
      rejected.map(({ row, column, reason }) => [row, column, reason]),
      [
        [3, 'Variant SKU', `the SKU "${a}-1" belongs to the product "${a}"`],
        [5, 'Variant SKU', `the SKU "${b}-1" belongs to the product "${b}"`],
        [6, 'Variant SKU', 'is also the SKU of row 4'],
      ],
    )
    assert.equal((await productOf(shop, c)).variants.length, 1)
  })

  test('a fault of the product costs all of its rows, and says so of each', async () => {
    const [a, b, c] = [handleFor(), handleFor(), handleFor()]
    const { report, rejected } = await importFile(
      shop,
      text(
        { ...good(a), Title: '' },
        { ...base(a) },
        { ...good(b), Status: 'sold' },
        { ...good(c), 'Variant Price': 'x' },
      ),
    )
    assert.deepEqual(rejected, [
      { row: 2, handle: a, column: 'Title', reason: 'is missing' },
      { row: 3, handle: a, column: null, reason: 'the product was not imported: see row 2' },
      { row: 4, handle: b, column: 'Status', reason: '"sold" is no choice of active, draft, archived' },
      { row: 5, handle: c, column: 'Variant Price', reason: '"x" is no amount of EUR such as 19.90' },
    ])
    assert.deepEqual(counts(report), [0, 0, 0, 4])
    const all = (await allProducts(shop)).map((product) => product.handle)
    for (const id of [a, b, c]) assert.ok(!all.includes(id))
    const { items } = accepted(await shop.catalog.adminProducts({ q: a }))
    assert.deepEqual(items, [])
  })

  test('a row that belongs to no product is refused by itself', async () => {
    const id = handleFor()
    const lines = [
      columns,
      ',No handle,,,,1,,,,,,',
      'has spaces,Cup,,,,1,,,,,,',
      'a/b,Cup,,,,1,,,,,,',
      `${id},Cup`,
      `${id},Cup,,,,1,,,,,,,too,many`,
      ',,,,,,,,,,,',
      '',
      `${id},"Cu"p,,,,1,,,,,,`,
      `${id},Caf\ufffd,,,,1,,,,,,`,
      `${id.toUpperCase()},Cup,,,,1,,,,,,`,
    ]
    const { report, rejected } = await importFile(shop, lines.join('\n'))
    assert.deepEqual(
      rejected.map(({ row, handle: of, column, reason }) => [row, of, column, reason]),
      [
        [2, null, 'Handle', 'is missing'],
        [3, 'has spaces', 'Handle', 'is no part of an address such as blue-cup: no spaces, and none of / ? # % \\'],
        [4, 'a/b', 'Handle', 'is no part of an address such as blue-cup: no spaces, and none of / ? # % \\'],
        [5, id, null, 'has 2 cells, but the header has 12'],
        [6, id, null, 'has 14 cells, but the header has 12'],
        [9, null, null, 'is no CSV: a quoted cell goes on after its closing quote'],
        [10, id, 'Title', 'holds characters that are not UTF-8: save the file as "CSV UTF-8"'],
      ],
    )
    assert.deepEqual(counts(report), [1, 0, 0, 7])
    assert.equal((await productOf(shop, id)).title, 'Cup')
  })

  test('a picture that has no address costs the picture; a row that says nothing is told', async () => {
    const id = handleFor()
    const nothing = { ...base(id), 'Option1 Value': '', 'Variant Price': '', 'Variant Inventory Qty': '' }
    const { rejected } = await importFile(
      shop,
      text(
        { ...good(id), 'Image Src': 'cup.jpg' },
        { ...nothing, 'Image Src': 'javascript:alert(1)' },
        { ...nothing, 'Image Src': '//cdn.example/cup.jpg' },
        nothing,
        { ...nothing, 'Image Src': 'http://user:secret@cdn.example/cup.jpg' },
      ),
    )
    assert.deepEqual(
      rejected.map(({ row, column }) => [row, column]),
      [
        [2, 'Image Src'],
        [3, 'Image Src'],
        [5, null],
        [6, 'Image Src'],
      ],
    )
    const cup = await productOf(shop, id)
    assert.deepEqual(
      cup.media.map(({ sourceUrl }) => sourceUrl),
      ['https://cdn.example/cup.jpg'],
    )
    assert.equal(cup.variants.length, 1)
  })

  test('a variant that was sold before stays when its row is refused', async () => {
    const id = handleFor()
    await importFile(shop, text(good(id), base(id)))
    const before = await productOf(shop, id)
    await importFile(shop, text(good(id), { ...base(id), 'Variant Price': 'x' }))
    const now = await productOf(shop, id)
    assert.deepEqual(now.variants, before.variants)
    assert.deepEqual(now.prices, before.prices)
  })
})
