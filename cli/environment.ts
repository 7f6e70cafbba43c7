import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Databases } from '#kernel/database-address'
import type { NatsOptions } from '#kernel/nats-connection'
import { allServiceNames } from '../services/names.ts'
import { databaseVariables, readDatabases } from './database-environment.ts'
import { readNats } from './nats-environment.ts'

/** What the environment says, checked. See the README for what each variable does. */
export type Environment = {
  readonly host: string
  readonly port: number
  readonly portWasGiven: boolean
  readonly publicUrl: string | null
  readonly trustedProxies: readonly string[]
  readonly dataFolder: string
  /** Where the shop's secrets are given, to be read only; null: it makes its own, in the data folder. */
  readonly secretsFolder: string | null
  /** Another file than `stoa.config.ts` of this folder. */
  readonly configFile: string | null
  /** Where services' rows are, unless an embedded PostgreSQL has them. */
  readonly databases: Databases
  /** By which events travel between processes; null: over HTTP. */
  readonly nats: NatsOptions | null
  /** Where the catalog is, unless it is in the data folder. */
  readonly mongodbUrl: string | null
  /** Whether a start brings the database to this version. Where it does not, `databases` need no user who could. */
  readonly migratesAtStart: boolean
  readonly services: ReadonlySet<string>
  readonly urls: ReadonlyMap<string, string>
  readonly meshUrl: string | null
  readonly internal: { readonly host: string; readonly port: number }
  readonly sandbox: { readonly port: number | null; readonly url: string | null }
  readonly admin: { readonly email: string | null; readonly password: string | null }
  readonly demo: boolean
  readonly limitLoopback: boolean
  readonly logLevel: string
  readonly shape: 'plain' | 'strict'
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** Every fault of the configuration at once, so that it is mended in one go. */
export class ConfigurationError extends Error {
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(
      faults.length === 1
        ? faults[0]
        : `The configuration has ${faults.length} faults:\n${faults.map((one) => `  - ${one}`).join('\n')}`,
    )
    this.faults = faults
  }
}

/** What must not stand in a list of processes or in a manifest: each can come from a file that `<name>_FILE` names. */
const secretVariables = [
  ...databaseVariables,
  'MONGODB_URL',
  'NATS_URL',
  'SMTP_URL',
  'STOA_ADMIN_PASSWORD',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
]

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** The parts of a shop that `--services` and `STOA_SERVICES` can name: the ten services and the public door. */
export const hostable: readonly string[] = [...allServiceNames, 'edge']
/** The sandbox provider runs where payments run; named by itself, it runs alone, as a provider does. */
const sandboxPart = 'sandbox'

/**
 * Reads and checks the environment. Throws a `ConfigurationError` that names every fault.
 * @param options.services the command line's `--services`, which wins over `STOA_SERVICES`
 */
export function readEnvironment(
  given: Readonly<Record<string, string | undefined>>,
  options: { services?: string | undefined } = {},
): Environment {
  const faults: string[] = []
  const variables = withFiles(given, faults)
  const text = (name: string): string | null => variables[name]?.trim() || null
  const number = (name: string, fallback: number): number => {
    const given = text(name)
    if (given === null) return fallback
    const value = Number(given)
    if (!Number.isInteger(value) || value < 0 || value > 65_535)
      faults.push(`${name} is "${given}", but a port is a whole number from 0 to 65535`)
    return value
  }
  const url = (name: string, protocols: readonly string[]): string | null => {
    const given = text(name)
    if (given === null) return null
    if (!URL.canParse(given) || !protocols.includes(new URL(given).protocol)) {
      faults.push(`${name} is no URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`)
      return null
    }
    return given
  }
  const choice = (name: string, allowed: readonly string[], fallback: string): string => {
    const given = text(name) ?? fallback
    if (!allowed.includes(given)) faults.push(`${name} is "${given}", but must be one of ${allowed.join(', ')}`)
    return given
  }

  const services = new Set(
    (options.services ?? text('STOA_SERVICES') ?? hostable.join())
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
  )
  for (const name of services) {
    if (!hostable.includes(name) && name !== sandboxPart)
      faults.push(`there is no service "${name}"; services are ${[...hostable, sandboxPart].join(', ')}`)
  }
  const urls = new Map<string, string>()
  for (const name of allServiceNames) {
    const given = url(`STOA_${name.toUpperCase()}_URL`, ['http:', 'https:'])
    if (given) urls.set(name, given)
  }
  const meshUrl = url('STOA_MESH_URL', ['http:', 'https:'])
  const unreachable = allServiceNames.filter((name) => !services.has(name) && !urls.has(name) && !meshUrl)
  const callsNobody = [...services].every((name) => name === sandboxPart)
  if (unreachable.length > 0 && !callsNobody && faults.length === 0) {
    faults.push(
      `no address of ${unreachable.join(', ')}: set ${unreachable.map((name) => `STOA_${name.toUpperCase()}_URL`).join(', ')}, or STOA_MESH_URL for all`,
    )
  }
  const postgresUrl = (name: string): string | null => url(name, ['postgres:', 'postgresql:'])
  const databases = readDatabases(variables, postgresUrl, (fault) => faults.push(fault))
  // Several hosts with commas make it no URL; the rest is the driver's to judge.
  const mongodbUrl = text('MONGODB_URL')
  if (mongodbUrl !== null && !/^mongodb(\+srv)?:\/\/./.test(mongodbUrl))
    faults.push('MONGODB_URL is no URL that begins with mongodb:// or mongodb+srv://')
  const nats = readNats(variables, (fault) => faults.push(fault))
  const email = text('STOA_ADMIN_EMAIL')
  if (email && !/^[^\s@]+@[^\s@]+$/.test(email))
    faults.push(`STOA_ADMIN_EMAIL is "${email}", which is no e-mail address`)
  const password = text('STOA_ADMIN_PASSWORD')
  if (password && password.length < 15)
    faults.push(`STOA_ADMIN_PASSWORD has ${password.length} characters; a staff password needs 15 or more`)
  if (password && !email) faults.push('STOA_ADMIN_PASSWORD is set without STOA_ADMIN_EMAIL')

  const environment: Environment = {
    host: text('HOST') ?? '127.0.0.1',
    port: number('PORT', 3_000),
    portWasGiven: text('PORT') !== null,
    publicUrl: url('STOA_PUBLIC_URL', ['http:', 'https:'])?.replace(/\/+$/, '') ?? null,
    trustedProxies: (text('STOA_TRUSTED_PROXIES') ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
    dataFolder: resolve(text('STOA_DATA') ?? '.stoa'),
    secretsFolder: text('STOA_SECRETS') === null ? null : resolve(text('STOA_SECRETS') ?? ''),
    configFile: text('STOA_CONFIG') === null ? null : resolve(text('STOA_CONFIG') ?? ''),
    databases,
    nats,
    mongodbUrl,
    migratesAtStart: choice('STOA_MIGRATE', ['on', 'off'], 'on') === 'on',
    services,
    urls,
    meshUrl,
    internal: { host: text('STOA_INTERNAL_HOST') ?? '127.0.0.1', port: number('STOA_INTERNAL_PORT', 0) },
    sandbox: {
      port: text('STOA_SANDBOX_PORT') === null ? null : number('STOA_SANDBOX_PORT', 0),
      url: url('STOA_SANDBOX_URL', ['http:', 'https:']),
    },
    admin: { email, password },
    demo: choice('STOA_DEMO', ['on', 'off'], 'on') === 'on',
    limitLoopback: choice('STOA_RATE_LIMITS', ['default', 'everywhere'], 'default') === 'everywhere',
    logLevel: choice('STOA_LOG', logLevels, 'warn'),
    shape: choice('STOA_SHAPE', ['plain', 'strict'], 'plain') as 'plain' | 'strict',
    variables,
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return environment
}

/** The variables with those that were given as files, read. */
function withFiles(
  given: Readonly<Record<string, string | undefined>>,
  faults: string[],
): Readonly<Record<string, string | undefined>> {
  const read: Record<string, string | undefined> = {}
  for (const name of secretVariables) {
    const file = given[`${name}_FILE`]
    if (!file) continue
    if (given[name]) faults.push(`${name} and ${name}_FILE are both set; unset one`)
    try {
      read[name] = readFileSync(file, 'utf8').trim()
      // A process that is started with these variables has one of the two, as it must.
      read[`${name}_FILE`] = undefined
    } catch (error) {
      faults.push(`${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
  }
  return { ...given, ...read }
}
