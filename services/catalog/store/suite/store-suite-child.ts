import { newId } from '#kernel/id'
import type { CatalogStore } from '../port.ts'
import { testDocument, testEvent } from './test-document.ts'

/** What the other process of a test does. */
export type ChildOrder =
  /** Raises a product's version `times` times, each time from what is there. */
  | { readonly kind: 'raise'; readonly productId: string; readonly times: number }
  /** Tries to write a product for each SKU. */
  | { readonly kind: 'take'; readonly prefix: string; readonly skus: readonly string[] }
  /** Writes products without end, and tells the id of each that was acknowledged. */
  | { readonly kind: 'write' }

const [module = '', exportName = '', place = '', text = ''] = process.argv.slice(2)
const order = JSON.parse(text) as ChildOrder
const { [exportName]: open } = (await import(module)) as Record<
  string,
  (place: string) => CatalogStore | Promise<CatalogStore>
>
if (!open) throw new Error(`${module} has no ${exportName}`)
const store = await open(place)

if (order.kind === 'raise') {
  for (let done = 0; done < order.times; ) {
    const document = await store.get(order.productId)
    if (!document) throw new Error('the product is gone')
    const { product } = document
    const next = { ...document, product: { ...product, version: product.version + 1 } }
    if ((await store.put(next, product.version, null)).kind === 'written') done += 1
  }
}
if (order.kind === 'take') {
  for (const [index, sku] of order.skus.entries()) {
    await store.put(testDocument({ handle: `${order.prefix}-${index}` }, sku), null, null)
  }
}
if (order.kind === 'write') {
  for (;;) {
    const written = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const document = testDocument({}, newId('sku'))
        await store.put(document, null, testEvent(document))
        return document.product.id
      }),
    )
    for (const productId of written) process.send?.(productId)
  }
}
await store.close()
process.disconnect?.()
