import { join } from 'node:path'
import T from 'typebox'
import { CatalogProduct, type Category, catalog } from '#contracts/catalog'
import { productChanged, productRetired } from '#events/catalog'
import { command, contract, internal, ok } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { Nothing } from '#kernel/fields'
import { newId } from '#kernel/id'
import { publish } from '#kernel/outbox'
import { service } from '#kernel/service'
import type { Market } from './markets.ts'

const { products, sellable, scan, categories } = catalog.operations

/** A market as pricing is told of it. */
export const europe = {
  code: 'eu',
  name: 'Europe',
  currency: 'EUR',
  locale: 'en-IE',
  countries: ['IE'],
  taxIncluded: true,
  taxZones: [],
}
/** The same as pricing tells of it. */
export const market: Market = {
  code: 'eu',
  name: 'Europe',
  currency: 'EUR',
  locale: 'en',
  countries: ['IE'],
  taxIncluded: true,
  default: true,
}

/** What search asks of catalog, and a way to put products into it. */
export const testCatalog = contract('catalog', {
  products,
  sellable,
  scan,
  categories,
  put: command(null, {
    summary: 'Put products as they are, and tell of it',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ products: T.Array(CatalogProduct), silently: T.Optional(T.Boolean()) }),
    output: Nothing,
  }),
})

/** A catalog in memory whose answers can be held back. */
export function catalogInMemory(shown: readonly T.Static<typeof Category>[] = []) {
  const kept = new Map<string, CatalogProduct>()
  /** Awaited between the moment a question is answered and the moment the answer arrives. */
  const hooks = { beforeAnswer: async (): Promise<void> => undefined }
  const catalogService = service({
    contract: testCatalog,
    settings: T.Object({}),
    connections: 2,
    migrations: join(import.meta.dirname, 'no-migrations'),
    start: async ({ db }) => ({
      operations: {
        products: async ({ productIds }) => {
          const items = productIds.flatMap((id) => kept.get(id) ?? [])
          await hooks.beforeAnswer()
          return ok({ items })
        },
        categories: async () => ok({ items: [...shown] }),
        scan: async ({ cursor = '', limit = 500 }) => {
          const items = [...kept.values()].filter(({ id }) => id > cursor).sort((a, b) => (a.id < b.id ? -1 : 1))
          const page = items.slice(0, limit)
          return ok({ items: page, nextCursor: items.length > limit ? (page.at(-1)?.id ?? null) : null })
        },
        sellable: async ({ variantIds }) =>
          ok({
            items: [...kept.values()].flatMap((product) =>
              product.variants
                .filter(({ id }) => variantIds.includes(id))
                .map(({ id, barcode, mediaId, extra, ...variant }) => ({
                  ...variant,
                  variantId: id,
                  productId: product.id,
                  handle: product.handle,
                  title: product.title,
                  variantTitle: '',
                  categories: product.categories,
                  imageUrl: null,
                  active: product.status === 'active',
                })),
            ),
          }),
        put: async ({ products: given, silently = false }) => {
          for (const product of given as CatalogProduct[]) {
            kept.set(product.id, product)
            if (silently) continue
            const event = product.status === 'active' ? productChanged : productRetired
            const told = { subject: product.id, sequence: product.version, data: { productId: product.id } }
            await inTransaction(db, (tx) => publish(tx, event, told))
          }
          return ok({})
        },
      },
    }),
  })
  return { catalogService, kept, hooks }
}

type Described = Partial<Omit<CatalogProduct, 'variants' | 'options' | 'attributes'>> & {
  readonly title: string
  /** Options of each variant; one without options when there are none. */
  readonly variants?: readonly Partial<CatalogProduct['variants'][number]>[]
  readonly attributes?: Readonly<Record<string, string[]>>
}

let made = 0

/** A product as catalog keeps it, from what a test cares about. */
export function product({ attributes = {}, variants = [{}], ...described }: Described): CatalogProduct {
  made += 1
  const composed = variants.map((variant) => ({
    id: newId('variant'),
    sku: null,
    barcode: null,
    options: {},
    grams: 0,
    requiresShipping: true,
    taxable: true,
    taxCode: null,
    inventoryPolicy: 'deny' as const,
    inventoryTracked: true,
    mediaId: null,
    extra: {},
    ...variant,
  }))
  const names = [...new Set(composed.flatMap(({ options }) => Object.keys(options)))]
  return {
    id: newId('prod'),
    handle: `product-${made}`,
    descriptionHtml: '',
    vendor: null,
    productType: null,
    tags: [],
    status: 'active',
    isGiftCard: false,
    categories: [],
    attributes: Object.entries(attributes).map(([name, values]) => ({ name, values })),
    options: names.map((name) => ({
      name,
      values: [...new Set(composed.flatMap(({ options }) => options[name] ?? []))],
    })),
    seo: { title: null, description: null },
    extra: {},
    variants: composed,
    media: [],
    version: 1,
    createdAt: new Date(Date.UTC(2026, 0, 1) + made * 1_000).toISOString(),
    updatedAt: new Date(Date.UTC(2026, 0, 1) + made * 1_000).toISOString(),
    ...described,
  }
}
