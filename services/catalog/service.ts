import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { ok } from '#kernel/contract'
import { keptHours } from '#kernel/idempotency'
import { service } from '#kernel/service'
import { CatalogSettings, catalog } from './contract.ts'
import { createProduct } from './create-product.ts'
import type { Deps } from './deps.ts'
import { exportProducts } from './import/export-products.ts'
import { createImport, importReport, listImports, putImportPart, rejectedRows, startImport } from './import/imports.ts'
import { importJob } from './import/run-imports.ts'
import { putMedia } from './media/put-media.ts'
import { readMedia } from './media/read-media.ts'
import { defaultMarket, productDetail } from './product-detail.ts'
import { putProduct } from './put-product.ts'
import { adminProduct, adminProducts, products, scan, sellable } from './read-products.ts'
import { openStore } from './store/open-store.ts'
import { updateProduct } from './update-product.ts'
import { verify } from './verify.ts'

/** Where the shop's configuration does not say: as inventory's own default. */
const defaultLowStock = 5
const housekeepingMs = 10 * 60_000

/** Products, categories and pictures, in a document store of their own. */
export const catalogService = service({
  contract: catalog,
  settings: CatalogSettings,
  calls: [inventory, pricing],
  connections: null,
  migrations: null,
  start: async (host) => {
    const store = await openStore(host)
    const prices = host.client(pricing)
    const settings: CatalogSettings | undefined = host.settings
    const deps: Deps = {
      store,
      pricing: prices,
      inventory: host.client(inventory),
      subscribersOf: host.subscribersOf,
      wakeRelay: host.wakeRelay,
      publicUrl: host.shop.publicUrl,
      lowStock: settings?.lowStock ?? defaultLowStock,
      log: host.log,
    }
    const firstMarket = defaultMarket(prices)
    const withMarket = { ...deps, firstMarket }
    return {
      operations: {
        product: (input) => productDetail(withMarket, input),
        categories: async () => ok({ items: await store.categories() }),
        products: (input) => products(deps, input),
        sellable: (input) => sellable(deps, input),
        scan: (input) => scan(deps, input),
        media: (input) => readMedia(deps, input),
        putCategories: async ({ categories }) => {
          await store.putCategories(categories)
          return ok({})
        },
        putMedia: (input) => putMedia(deps, input),
        uploadMedia: ({ rawBody }) => putMedia(deps, { base64: rawBody }),
        putProduct: (input) => putProduct(deps, input),
        adminProducts: (input) => adminProducts(deps, input),
        adminProduct: (input) => adminProduct(deps, input),
        createProduct: (input, call) => createProduct(deps, input, call),
        updateProduct: (input) => updateProduct(deps, input),
        createImport: (input) => createImport(withMarket, input),
        putImportPart: (input) => putImportPart(deps, input),
        startImport: (input) => startImport(deps, input),
        imports: (input) => listImports(deps, input),
        import: (input) => importReport(deps, input),
        importRejections: (input) => rejectedRows(deps, input),
        exportProducts: (input) => exportProducts(withMarket, input),
        verify: (input) => verify(deps, input),
      },
      jobs: [
        importJob(deps),
        {
          name: 'housekeeping',
          everyMs: housekeepingMs,
          run: async () => {
            await store.purge(new Date(Date.now() - keptHours * 3_600_000).toISOString())
          },
        },
      ],
      events: store.events,
      idempotency: store.marks,
      trouble: () => store.trouble(),
      close: () => store.close(),
    }
  },
})
