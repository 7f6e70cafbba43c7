import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { accepted, openShop, type Place, type Report } from '../test-shop.ts'

/** What a process that imports is told: where the shop is, and the file to begin with, or the import to go on with. */
export type ImportOrder = Place & { readonly file?: string; readonly importId?: string }

const order = JSON.parse(process.argv[2] ?? '') as ImportOrder
const shop = await openShop(order)

async function begin(file: string): Promise<string> {
  const { id } = accepted(await shop.catalog.createImport({ fileName: 'goods.csv' }))
  const text = await readFile(file, 'utf8')
  const size = 200_000
  for (let part = 0; part * size < text.length; part++) {
    const rawBody = text.slice(part * size, (part + 1) * size)
    accepted(await shop.catalog.putImportPart({ importId: id, part, rawBody, headers: {} }))
  }
  accepted(await shop.catalog.startImport({ importId: id }))
  return id
}

const importId = order.importId ?? (await begin(order.file ?? ''))
for (let report: Report | undefined; report === undefined || report.state === 'running'; await pause(10)) {
  report = accepted(await shop.catalog.import({ importId }))
  process.send?.(report)
}
await shop.stop()
process.disconnect?.()
