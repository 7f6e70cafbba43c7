import { openDataFolder } from '#kernel/data-folder'
import { migrate, migrationSources } from '#kernel/migrate'
import { registry } from '../services/registry.ts'
import type { ShopSettings } from '../services/settings.ts'
import { withoutDatabase } from './database-environment.ts'
import type { Environment } from './environment.ts'
import { checkPaymentProviders } from './payment-providers.ts'
import { loadSettings } from './settings.ts'
import { checkDatabase, databasesOf, findRunningShop, openDatabases } from './shop.ts'
import { complain, say } from './terminal.ts'

/** `stoa migrate`: brings every service's schema to this version, and says which files were applied. */
export async function runMigrations(environment: Environment, root: string): Promise<number> {
  await loadSettings(root, environment.configFile)
  const data = await openDataFolder(environment.dataFolder, environment.secretsFolder)
  const opened = await openDatabases(environment, data.path, () => undefined)
  try {
    const applied = await migrate({
      databases: opened.databases,
      secret: await data.secret('database'),
      services: migrationSources(registry),
    })
    if (environment.mongodbUrl) {
      const { migrateCatalog } = await import('../services/catalog-move.ts')
      applied.push(...(await migrateCatalog(environment.mongodbUrl)).map((name) => `catalog: index ${name}`))
    }
    say(
      applied.length === 0
        ? 'nothing to do: the databases are at this version'
        : applied.map((name) => `applied ${name}`).join('\n'),
    )
    return 0
  } finally {
    await opened.stop()
  }
}

/** `stoa doctor`: looks at everything a start needs, and says of each whether it is well. Exit status 1 when something is not. */
export async function examine(environment: Environment, root: string): Promise<number> {
  const running = await findRunningShop(environment.dataFolder)
  const settings = () => loadSettings(root, environment.configFile)
  const checks: [string, () => Promise<string>][] = [
    ['Node', async () => process.version],
    ['stoa.config.ts', async () => `${(await settings()).pricing.markets.length} markets`],
    ['payment providers', async () => describeProviders(environment, await settings())],
    ['data folder', async () => (await openDataFolder(environment.dataFolder, environment.secretsFolder)).path],
    ['shop', async () => (running ? `runs at ${running.publicUrl} (process ${running.pid})` : 'does not run')],
    [
      'PostgreSQL',
      async () => {
        const { databases, services } = environment
        const named = databasesOf(databases, services)
        for (const [variables, url] of named) await checkDatabase(url, variables)
        const hosts = named.map(([variables, url]) => `${new URL(url).host || 'the local socket'} (${variables})`)
        return [...hosts, ...(withoutDatabase(databases, services).length > 0 ? ['embedded'] : [])].join(', ')
      },
    ],
    [
      'catalog',
      async () => {
        if (!environment.mongodbUrl) return 'in the data folder'
        const { examineCatalog } = await import('../services/catalog-move.ts')
        return examineCatalog(environment.mongodbUrl)
      },
    ],
    [
      'events',
      async () => {
        if (!environment.nats) return 'from service to service'
        const { examineNats } = await import('#kernel/nats-stream')
        return examineNats(environment.nats)
      },
    ],
  ]
  let status = 0
  for (const [name, check] of checks) {
    try {
      say(`well   ${name}: ${await check()}`)
    } catch (error) {
      status = 1
      complain(`WRONG  ${name}: ${(error as Error).message}`)
    }
  }
  return status
}

async function describeProviders(environment: Environment, settings: ShopSettings): Promise<string> {
  const warnings = await checkPaymentProviders(environment, settings, environment.publicUrl ?? 'http://localhost')
  return [settings.payments.providers.join(', '), ...warnings].join('; ')
}
