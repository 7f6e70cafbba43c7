import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { plainVariables, untilQuiet } from '../../../cli/bench/own-shop.ts'
import { type Asked, medusaShop, productsOf, rush } from '../catalog.ts'
import { openClient } from '../client.ts'
import { type Command, installPackages, runToEnd, startProcess, startServer } from '../processes.ts'
import type { Place, Running, Shop } from '../shop.ts'
import type { Wares } from '../visits.ts'
import { waresOf } from '../wares.ts'

const version = '2.21.2'
const packages = {
  '@medusajs/admin-sdk': version,
  '@medusajs/cli': version,
  '@medusajs/framework': version,
  '@medusajs/medusa': version,
  ioredis: '5.9.3',
}
const files = {
  'medusa-config.js': join(import.meta.dirname, 'medusa-config.cjs'),
  'seed.mjs': join(import.meta.dirname, 'seed.mjs'),
}
const migrateWithinMs = 600_000
const fillWithinMs = 7_200_000

export function medusa(place: Place): Shop {
  const { folder, installed, redisUrl, ending, onProgress } = place
  const start = () => startMedusa(place)
  return {
    name: 'medusa',
    version,
    configured: [
      'NODE_ENV=production, an instance in server mode and one in worker mode, as its guide has them',
      redisUrl
        ? 'Redis for caching (MEDUSA_FF_CACHING=true), events, workflows and locking'
        : 'caching, events, workflows and locking in memory, since no Redis is installed',
      'no admin dashboard, no log of requests, which would only cost it time',
      'payments by its system provider, authorized at once; filled by its own workflows',
      'a listing has no facets there, nor can it be narrowed by what variants are',
    ],
    async fill(cells) {
      onProgress('installing Medusa')
      await installPackages(installed, packages, files, ending)
      onProgress('making Medusa’s tables')
      await runToEnd(commandOf(place, 'server', 'db:migrate'), migrateWithinMs)
      onProgress('seeding Medusa')
      const shop = join(folder, 'shop.json')
      await writeFile(shop, JSON.stringify(medusaShop(productsOf(cells))))
      await runToEnd(commandOf(place, 'server', 'exec', './seed.mjs', shop, seededFile(place)), fillWithinMs)
      // What the goods have caused is done by the worker.
      const running = await start()
      await Promise.all(running.pids.map(untilQuiet))
      await running.stop()
    },
    start,
  }
}

const seededFile = ({ folder }: Place): string => join(folder, 'seeded.json')

const commandOf = (place: Place, mode: 'server' | 'worker', ...parameters: string[]): Command => ({
  program: process.execPath,
  parameters: [join(place.installed, 'node_modules', '@medusajs', 'cli', 'cli.js'), ...parameters],
  folder: place.installed,
  variables: {
    ...plainVariables(),
    NODE_ENV: 'production',
    DATABASE_URL: place.databaseUrl,
    ...(place.redisUrl ? { REDIS_URL: place.redisUrl, MEDUSA_FF_CACHING: 'true' } : {}),
    MEDUSA_WORKER_MODE: mode,
    MEDUSA_DISABLE_TELEMETRY: 'true',
    LOG_LEVEL: 'warn',
    JWT_SECRET: 'a secret for the bench',
    COOKIE_SECRET: 'another secret for the bench',
  },
  log: join(place.folder, `${mode}.log`),
  ending: place.ending,
})

/** What a storefront is configured with, as the seeding script found it. */
type Seeded = {
  readonly key: string
  readonly regionId: string
  readonly shippingOptionId: string
  readonly categoryIds: Readonly<Record<string, string>>
}

const readSeeded = async (place: Place): Promise<Seeded> =>
  JSON.parse(await readFile(seededFile(place), 'utf8')) as Seeded

/** The worker is started when the server answers, so that neither waits for the other's part of the machine. */
async function startMedusa(place: Place): Promise<Running> {
  const base = `http://127.0.0.1:${place.port}`
  const seeded = await readSeeded(place)
  const client = openClient(base)
  const startAt = (port: number): string[] => ['start', '--host', '127.0.0.1', '--port', String(port)]
  const server = await startServer(commandOf(place, 'server', ...startAt(place.port)), () =>
    client.send('GET', `/store/products?limit=1&region_id=${seeded.regionId}`, undefined, keyOf(seeded)),
  )
  const worker = await startProcess(commandOf(place, 'worker', ...startAt(place.workerPort)))
  await client.close()
  return {
    base,
    pids: [server.pid, worker.pid],
    startedMs: server.startedMs,
    readWares: (asked) => readWares(base, asked, seeded),
    async stop() {
      await Promise.all([server.stop(), worker.stop()])
    },
  }
}

const keyOf = ({ key }: Seeded) => ({ 'x-publishable-api-key': key })

type Products = { readonly products: readonly { readonly variants: readonly { id: string; sku: string }[] }[] }

async function readWares(base: string, asked: Asked, seeded: Seeded): Promise<Wares> {
  const client = openClient(base)
  const variants = new Map<string, string>()
  for (const handle of [...asked.handles, rush.handle]) {
    const path = `/store/products?handle=${handle}&fields=variants.id,variants.sku`
    const { body } = await client.send<Products>('GET', path, undefined, keyOf(seeded))
    for (const { id, sku } of body.products[0]?.variants ?? []) variants.set(sku, id)
  }
  await client.close()
  const { key, regionId, shippingOptionId, categoryIds } = seeded
  return waresOf(asked, {
    variants,
    categories: new Map(Object.entries(categoryIds)),
    settings: { key, region: regionId, way: shippingOptionId },
  })
}
