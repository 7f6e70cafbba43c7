import { newId } from '#kernel/id'
import type { CatalogProduct } from '../../contract.ts'
import type { CatalogStore, NewEvent, ProductDocument } from '../port.ts'

/** A product with one variant, as small as the contract allows. */
export function testDocument(
  overrides: Partial<CatalogProduct> = {},
  sku: string | null = null,
  variantId = newId('variant'),
): ProductDocument {
  const id = overrides.id ?? newId('prod')
  const product: CatalogProduct = {
    id,
    handle: id.replace('_', '-'),
    title: 'Cup',
    descriptionHtml: '',
    vendor: null,
    productType: null,
    tags: [],
    status: 'active',
    isGiftCard: false,
    categories: [],
    attributes: [],
    options: [],
    seo: { title: null, description: null },
    extra: {},
    variants: [
      {
        id: variantId,
        sku,
        barcode: null,
        options: {},
        grams: 0,
        requiresShipping: true,
        taxable: true,
        taxCode: null,
        inventoryPolicy: 'deny',
        inventoryTracked: true,
        mediaId: null,
        extra: {},
      },
    ],
    media: [],
    version: 1,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    ...overrides,
  }
  return { product, source: null, createdBy: null }
}

export function testEvent(document: ProductDocument, subscribers = ['search'], type = 'product.changed'): NewEvent {
  const { id, version } = document.product
  return {
    subscribers,
    event: {
      id: `${id}:${version}:${type}`,
      type,
      source: 'catalog',
      subject: id,
      sequence: version,
      time: new Date().toISOString(),
      traceId: '0'.repeat(32),
      data: { productId: id },
    },
  }
}

export const nextVersion = (document: ProductDocument, change: Partial<CatalogProduct> = {}): ProductDocument => ({
  ...document,
  product: { ...document.product, ...change, version: document.product.version + 1 },
})

/** How many events wait, and how many were given up. */
export async function countsOf({ events }: CatalogStore): Promise<{ pending: number; dead: number }> {
  const { pending, dead } = await events.backlog()
  return { pending, dead }
}
