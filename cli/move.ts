import { openDataFolder } from '#kernel/data-folder'
import { migrationSources } from '#kernel/migrate'
import { moveService } from '#kernel/move-service'
import { registry } from '../services/registry.ts'
import { ConfigurationError, type Environment } from './environment.ts'
import { loadSettings } from './settings.ts'
import { openDatabases } from './shop.ts'
import { say } from './terminal.ts'

/** `stoa move`: brings the rows of one service from the database of all to the one that the environment names for it. */
export async function move(environment: Environment, root: string, service: string): Promise<number> {
  await loadSettings(root, environment.configFile)
  const sources = migrationSources(registry)
  const source = sources.find((one) => one.service === service)
  const to = environment.databases.own[service]
  if (!source)
    throw new ConfigurationError([
      `stoa move takes one of ${sources.map((one) => one.service).join(', ')}, and not "${service}"`,
    ])
  if (!to)
    throw new ConfigurationError([
      `Name the database that ${service} is to have of its own with STOA_${service.toUpperCase()}_DATABASE_URL`,
    ])
  const data = await openDataFolder(environment.dataFolder, environment.secretsFolder)
  const opened = await openDatabases(environment, data.path, () => undefined)
  try {
    const from = opened.databases.shared
    if (!from)
      throw new ConfigurationError([`Name the database in which the rows of ${service} are now with DATABASE_URL`])
    const tables = await moveService({
      from,
      to,
      secret: await data.secret('database'),
      source,
      onTable: ({ name, rows }) => say(`copied and compared ${name}: ${rows} rows`),
    })
    say(
      `${service} is in its own database: ${tables.reduce((sum, { rows }) => sum + rows, 0)} rows of ${tables.length} tables. Start it with STOA_${service.toUpperCase()}_DATABASE_URL, and run stoa verify. When that holds: drop schema ${service}_moved cascade, in the old one.`,
    )
    return 0
  } finally {
    await opened.stop()
  }
}
