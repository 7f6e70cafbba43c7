import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { environmentOf, program, untilQuiet } from '../../../cli/bench/own-shop.ts'
import { version } from '../../../cli/version.ts'
import { type Asked, rush, stoaProducts } from '../catalog.ts'
import { openClient } from '../client.ts'
import { type Command, runToEnd, startServer } from '../processes.ts'
import type { Place, Running, Shop } from '../shop.ts'
import type { Wares } from '../visits.ts'
import { waresOf } from '../wares.ts'

const importWithinMs = 3_600_000

export function stoa(place: Place): Shop {
  const { folder, onProgress } = place
  const start = () => startStoa(place)
  return {
    name: 'stoa',
    version,
    configured: [
      'one process with all services',
      'stoa.config.ts as it is; payments by the sandbox, authorized at once',
    ],
    async fill(cells) {
      const file = join(folder, 'products.csv')
      await writeFile(file, stoaProducts(cells))
      const running = await start()
      onProgress('importing into Stoa')
      await runToEnd(commandOf(place, 'import', file), importWithinMs)
      await Promise.all(running.pids.map(untilQuiet))
      await running.stop()
    },
    start,
  }
}

const commandOf = ({ databaseUrl, folder, port, ending }: Place, name: string, ...parameters: string[]): Command => ({
  program: process.execPath,
  parameters: [program, name, ...parameters],
  folder,
  variables: { ...environmentOf(folder, port), NODE_ENV: 'production', DATABASE_URL: databaseUrl },
  log: join(folder, `${name}.log`),
  ending,
})

async function startStoa(place: Place): Promise<Running> {
  const base = `http://127.0.0.1:${place.port}`
  const client = openClient(base)
  const { pid, startedMs, stop } = await startServer(commandOf(place, 'start'), () =>
    client.send('GET', '/api/products?limit=1'),
  )
  await client.close()
  return { base, pids: [pid], startedMs, readWares: (asked) => readWares(base, asked), stop }
}

type Detail = { readonly variants: readonly { readonly id: string; readonly sku: string }[] }
type Categories = { readonly items: readonly { readonly handle: string; readonly title: string }[] }

async function readWares(base: string, asked: Asked): Promise<Wares> {
  const client = openClient(base)
  const variants = new Map<string, string>()
  for (const handle of [...asked.handles, rush.handle]) {
    const { body } = await client.send<Detail>('GET', `/api/products/${handle}`)
    for (const { id, sku } of body.variants) variants.set(sku, id)
  }
  const { body } = await client.send<Categories>('GET', '/api/categories')
  await client.close()
  return waresOf(asked, {
    variants,
    categories: new Map(body.items.map(({ handle, title }) => [title, handle])),
    settings: {},
  })
}
