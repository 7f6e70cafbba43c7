import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { plainVariables, untilQuiet } from '../../../cli/bench/own-shop.ts'
import { type Asked, productsOf, rush, slugOf, vendureInitialData, vendureProducts } from '../catalog.ts'
import { type Client, openClient } from '../client.ts'
import { type Command, installPackages, runToEnd, startProcess, startServer } from '../processes.ts'
import type { Place, Running, Shop } from '../shop.ts'
import type { Wares } from '../visits.ts'
import { waresOf } from '../wares.ts'

const version = '3.7.3'
const packages = {
  '@vendure/core': version,
  '@vendure/job-queue-plugin': version,
  bullmq: '5.67.1',
  ioredis: '5.9.3',
  pg: '8.23.1',
}
const files = Object.fromEntries(
  ['config.mjs', 'server.mjs', 'worker.mjs', 'populate.mjs'].map((name) => [name, join(import.meta.dirname, name)]),
)
const fillWithinMs = 7_200_000

export function vendure(place: Place): Shop {
  const { folder, installed, redisUrl, ending, onProgress } = place
  const start = () => startVendure(place)
  return {
    name: 'vendure',
    version,
    configured: [
      'NODE_ENV=production, a server and a worker, as its guide has them',
      redisUrl ? 'BullMQJobQueuePlugin on Redis' : 'DefaultJobQueuePlugin, since no Redis is installed',
      'DefaultSearchPlugin with stock, DefaultSchedulerPlugin; sessions and caches in memory, as is the default of one server',
      'no dashboard, assets, e-mail or HardenPlugin: nothing that an order would wait for',
      'dummyPaymentHandler, authorized at once; filled by its own importer',
    ],
    async fill(cells) {
      onProgress('installing Vendure')
      await installPackages(installed, packages, files, ending)
      onProgress('importing into Vendure')
      const products = productsOf(cells)
      const [initialData, csv] = [join(folder, 'initial-data.json'), join(folder, 'products.csv')]
      await writeFile(initialData, JSON.stringify(vendureInitialData(products)))
      await writeFile(csv, vendureProducts(products))
      await runToEnd(commandOf(place, 'populate', initialData, csv), fillWithinMs)
      await index(place, products.length, start)
    },
    start,
  }
}

const commandOf = (place: Place, name: string, ...parameters: string[]): Command => ({
  program: process.execPath,
  parameters: [join(place.installed, `${name}.mjs`), ...parameters],
  folder: place.installed,
  variables: {
    ...plainVariables(),
    NODE_ENV: 'production',
    DATABASE_URL: place.databaseUrl,
    ...(place.redisUrl ? { REDIS_URL: place.redisUrl } : {}),
    PORT: String(place.port),
    COOKIE_SECRET: 'a secret for the bench',
    SUPERADMIN_USERNAME: 'owner',
    SUPERADMIN_PASSWORD: 'a staff password for the bench',
    SYNCHRONIZE: String(name === 'populate'),
    VENDURE_DISABLE_TELEMETRY: 'true',
  },
  log: join(place.folder, `${name}.log`),
  ending: place.ending,
})

/** The worker is started when the server answers, so that neither waits for the other's part of the machine. */
async function startVendure(place: Place): Promise<Running> {
  const base = `http://127.0.0.1:${place.port}`
  const client = openClient(base)
  const server = await startServer(commandOf(place, 'server'), () => totalOf(client))
  const worker = await startProcess(commandOf(place, 'worker'))
  await client.close()
  return {
    base,
    pids: [server.pid, worker.pid],
    startedMs: server.startedMs,
    readWares: (asked) => readWares(base, asked),
    async stop() {
      await Promise.all([server.stop(), worker.stop()])
    },
  }
}

async function ask<Data>(client: Client, query: string, variables: object = {}): Promise<Data> {
  const { body } = await client.send<{ data?: Data; errors?: { message: string }[] }>('POST', '/shop-api', {
    query,
    variables,
  })
  if (!body.data) throw new Error(body.errors?.[0]?.message ?? 'no data')
  return body.data
}

const totalOf = async (client: Client): Promise<number> =>
  (
    await ask<{ search: { totalItems: number } }>(
      client,
      '{ search(input: { groupByProduct: true, take: 1 }) { totalItems items { slug } } }',
    )
  ).search.totalItems

const indexedWithinMs = 3_600_000

/** The importer leaves the search index to the worker. */
async function index({ port, onProgress }: Place, products: number, start: () => Promise<Running>): Promise<void> {
  onProgress('building Vendure’s search index')
  const running = await start()
  const client = openClient(`http://127.0.0.1:${port}`)
  const until = performance.now() + indexedWithinMs
  while ((await totalOf(client)) < products) {
    if (performance.now() > until) throw new Error('Vendure did not index all products')
    await pause(500)
  }
  await Promise.all(running.pids.map(untilQuiet))
  await client.close()
  await running.stop()
}

const variantsQuery = 'query ($slug: String!) { product(slug: $slug) { variants { id sku } } }'
type Product = { product: { variants: { id: string; sku: string }[] } }

async function readWares(base: string, asked: Asked): Promise<Wares> {
  const client = openClient(base)
  const variants = new Map<string, string>()
  for (const slug of [...asked.handles, rush.handle]) {
    const { product } = await ask<Product>(client, variantsQuery, { slug })
    for (const { id, sku } of product.variants) variants.set(sku, id)
  }
  await client.close()
  return waresOf(asked, {
    variants,
    categories: new Map(asked.categories.map((title) => [title, slugOf(title)])),
    // The importer's first and only one.
    settings: { way: '1' },
  })
}
