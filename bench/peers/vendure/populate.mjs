import { readFile } from 'node:fs/promises'
import { bootstrap, ChannelService, CurrencyCode, RequestContext } from '@vendure/core'
import { importProductsFromCsv, populateCollections, populateInitialData } from '@vendure/core/cli/index.js'
import { config } from './config.mjs'

// Fills an empty database by Vendure's own importer: `node populate.mjs initial-data.json products.csv`.

const [initialDataFile, productsFile] = process.argv.slice(2)
const initialData = JSON.parse(await readFile(initialDataFile, 'utf8'))
const app = await bootstrap(config)
await populateInitialData(app, initialData)
// What initial data has no place for.
const channels = app.get(ChannelService)
const { id } = await channels.getDefaultChannel()
await channels.update(RequestContext.empty(), {
  id,
  availableCurrencyCodes: [CurrencyCode.EUR],
  defaultCurrencyCode: CurrencyCode.EUR,
  pricesIncludeTax: true,
})
const { imported, errors } = await importProductsFromCsv(app, productsFile, initialData.defaultLanguage)
if (errors?.length) throw new Error(`${errors.length} products were not imported: ${errors.slice(0, 5).join('; ')}`)
await populateCollections(app, initialData)
process.stdout.write(`${imported} products\n`)
await app.close()
process.exit(0)
