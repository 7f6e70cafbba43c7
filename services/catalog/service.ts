import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import { ok } from '#kernel/contract'
import { keptHours } from '#kernel/idempotency'
import { service } from '#kernel/service'
import { CatalogSettings, catalog } from './contract.ts'
import type { Deps } from './deps.ts'
import { createImport, importReport, listImports, putImportPart, rejectedRows } from './import/imports.ts'
import { importJob } from './import/run-imports.ts'
import { readMedia } from './media/read-media.ts'
import { defaultMarket, productDetail } from './product-detail.ts'
import { adminProduct, adminProducts, products, scan, sellable } from './read-products.ts'
import { openStore } from './store/open-store.ts'
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
      giveWay: host.giveWay,
      log: host.log,
    }
    const firstMarket = defaultMarket(prices)
    const withMarket = { ...deps, firstMarket }
    // What writes products, files and pictures is loaded when it is first wanted: what cleans descriptions, reads CSV and draws
    // pictures is a tenth of all modules, and every start would wait for it.
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
        putMedia: async (input) => (await import('./media/put-media.ts')).putMedia(deps, input),
        uploadMedia: async ({ rawBody }) => (await import('./media/put-media.ts')).putMedia(deps, { base64: rawBody }),
        putProduct: async (input) => (await import('./put-product.ts')).putProduct(deps, input),
        adminProducts: (input) => adminProducts(deps, input),
        adminProduct: (input) => adminProduct(deps, input),
        createProduct: async (input, call) => (await import('./create-product.ts')).createProduct(deps, input, call),
        updateProduct: async (input) => (await import('./update-product.ts')).updateProduct(deps, input),
        createImport: (input) => createImport(withMarket, input),
        putImportPart: (input) => putImportPart(deps, input),
        startImport: async (input, call) => (await import('./import/start-import.ts')).startImport(deps, input, call),
        imports: (input) => listImports(deps, input),
        import: (input) => importReport(deps, input),
        importRejections: (input) => rejectedRows(deps, input),
        exportProducts: async (input) =>
          (await import('./import/export-products.ts')).exportProducts(withMarket, input),
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
