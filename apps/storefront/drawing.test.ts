import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { getHeapSpaceStatistics } from 'node:v8'
import config from '../../stoa.config.ts'
import { build } from './build.ts'
import type { Frame, Listed, Pages, Views } from './views.ts'

let cache: string
let pages: Pages
let frame: Frame
before(async () => {
  cache = await mkdtemp(join(tmpdir(), 'stoa-drawing-'))
  const built = await build(cache)
  pages = built.pages
  const market = { code: 'de', name: 'Germany', currency: 'EUR', locale: 'de-DE', countries: ['DE'] }
  frame = {
    shopName: 'Stoa',
    origin: 'http://localhost',
    settings: config.storefront,
    market: { ...market, taxIncluded: true, default: true },
    markets: [],
    categories: [],
    prefix: '',
    assets: built.assets,
    slots: { nonce: 'nonce', visitor: 'visitor' },
  }
})
after(() => rm(cache, { recursive: true, force: true }))

const goods = (n: number): Listed => ({
  id: `prod_${String(n).padStart(26, '0')}`,
  handle: `goods-${n}`,
  title: 'A cup',
  vendor: 'Workshop',
  imageUrl: null,
  secondImageUrl: null,
  imageAlt: 'A cup',
  priceFrom: { amount: 1_290 + n, currency: 'EUR' },
  compareAtPrice: null,
  priceVaries: false,
  available: true,
  variantId: null,
  variantCount: 2,
})

const listing = (): Views['listing'] => ({
  kind: 'all',
  title: 'Everything',
  description: '',
  action: '/products',
  crumbs: [{ title: 'Home', href: '/' }],
  query: { q: '', filter: {}, min: '', max: '', inStock: false, sort: 'newest' },
  listing: {
    items: Array.from({ length: 24 }, (_, n) => goods(n)),
    facets: ['color', 'size', 'maker', 'material'].map((key) => ({
      key,
      title: key,
      values: Array.from({ length: 40 }, (_, n) => ({ value: `${key} ${n}`, count: 40 - n, selected: false })),
    })),
    priceRange: { min: { amount: 1_290, currency: 'EUR' }, max: { amount: 1_313, currency: 'EUR' } },
    nextCursor: null,
    correctedQuery: null,
  },
  isFirstPage: true,
  problems: {},
})

const draw = (): string =>
  pages.render('listing', { frame, path: '/products' }, { title: 'Everything', canonical: '/products' }, listing())

/** The bytes of V8's old generation: of what stays, and of what was taken for something that stays until all is looked through. */
const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space' || name === 'large_object_space')
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0)

test('nothing of a page that was drawn is taken for something that stays', (t) => {
  const drawnARound = 150
  const grown: number[] = []
  for (let round = 0; round < 15; round++) {
    const before = oldBytes()
    for (let n = 0; n < drawnARound; n++) draw()
    grown.push((oldBytes() - before) / drawnARound)
  }
  const [median = Number.NaN] = grown.toSorted((a, b) => a - b).slice(7)
  t.diagnostic(`${Math.round(median)} bytes a page`)
  // Some of what is under way stays; with Preact's contexts it was all of a page, ten times as much.
  assert.ok(median < 4_096, `${Math.round(median)} bytes a page`)
})
