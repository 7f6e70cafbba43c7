import type { Product } from '../product.ts'

/** A product's own fields as a form has them: texts, and lists of texts. */
export type ProductValues = {
  title: string
  handle: string
  status: string
  descriptionHtml: string
  vendor: string
  productType: string
  tags: string
  categories: string[]
  seoTitle: string
  seoDescription: string
  variants: { id: string; sku: string; barcode: string; grams: string; inventoryPolicy: string }[]
}

export const fieldTitles: Readonly<Record<keyof ProductValues, string>> = {
  title: 'Title',
  handle: 'Address in the shop',
  status: 'State',
  descriptionHtml: 'Description',
  vendor: 'Maker',
  productType: 'Type',
  tags: 'Tags',
  categories: 'Categories',
  seoTitle: 'Title for search engines',
  seoDescription: 'Description for search engines',
  variants: 'Variants',
}

export const valuesOf = (product: Product): ProductValues => ({
  title: product.title,
  handle: product.handle,
  status: product.status,
  descriptionHtml: product.descriptionHtml,
  vendor: product.vendor ?? '',
  productType: product.productType ?? '',
  tags: product.tags.join(', '),
  categories: [...product.categories],
  seoTitle: product.seo.title ?? '',
  seoDescription: product.seo.description ?? '',
  variants: product.variants.map(({ id, sku, barcode, grams, inventoryPolicy }) => ({
    id,
    sku: sku ?? '',
    barcode: barcode ?? '',
    grams: String(grams),
    inventoryPolicy,
  })),
})

/** Fields whose values differ, in the form's order. */
export const differing = (a: ProductValues, b: ProductValues): (keyof ProductValues)[] =>
  (Object.keys(fieldTitles) as (keyof ProductValues)[]).filter(
    (field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]),
  )

const orNull = (text: string): string | null => text.trim() || null

/**
 * The change that makes `base` what was typed: only fields that differ, so that what nobody touched is left alone. The
 * list of variants is sent whole, as the API wants it; of each variant only what this form shows.
 */
export function changeOf(base: ProductValues, values: ProductValues): Record<string, unknown> {
  const changed = new Set(differing(base, values))
  const change: Record<string, unknown> = {}
  for (const field of ['title', 'handle', 'status', 'descriptionHtml', 'categories'] as const)
    if (changed.has(field)) change[field] = values[field]
  for (const field of ['vendor', 'productType'] as const) if (changed.has(field)) change[field] = orNull(values[field])
  if (changed.has('tags')) {
    change.tags = values.tags
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean)
  }
  if (changed.has('seoTitle') || changed.has('seoDescription'))
    change.seo = { title: orNull(values.seoTitle), description: orNull(values.seoDescription) }
  if (changed.has('variants')) {
    change.variants = values.variants.map(({ id, sku, barcode, grams, inventoryPolicy }) => ({
      id,
      sku: orNull(sku),
      barcode: orNull(barcode),
      grams: Number(grams),
      inventoryPolicy,
    }))
  }
  return change
}
