import { parseArgs } from 'node:util'
import { ConfigurationError, type Environment, readEnvironment } from './environment.ts'
import { complain, say } from './terminal.ts'
import { version } from './version.ts'

type Options = {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}
type Command = {
  readonly summary: string
  readonly usage: string
  /** What `--help` says beside. */
  readonly notes?: string
  readonly options?: Readonly<Record<string, { type: 'string' | 'boolean' }>>
  /** How many; `any` where the command looks at them itself. */
  readonly positionals?: number | 'any'
  readonly run: (environment: Environment, options: Options) => Promise<number>
}

/** The checkout: where `stoa.config.ts` and the committed documents are. */
const root = new URL('..', import.meta.url).pathname

const commands: Readonly<Record<string, Command>> = {
  start: {
    summary: 'Host the shop, or some services of it',
    usage: 'stoa start [--services orders,payments]',
    options: { services: { type: 'string' } },
    run: async (environment) => (await import('./start.ts')).start(environment, root),
  },
  cluster: {
    summary: 'Run a whole split shop on this machine: HAProxy, PostgreSQL, copies of each service',
    usage: 'stoa cluster [start | status | scale SERVICE=N | restart [SERVICE] | deploy FOLDER [SERVICE] | stop]',
    options: {
      copies: { type: 'string' },
      groups: { type: 'string' },
      autoscale: { type: 'string' },
      cores: { type: 'string' },
      json: { type: 'boolean' },
    },
    positionals: 'any',
    run: async (environment, { positionals, values }) =>
      (await import('./cluster/cluster.ts')).cluster(environment, root, positionals, values),
  },
  import: {
    summary: 'Import products from a Shopify product CSV',
    usage: 'stoa import FILE [--market eu]',
    options: { market: { type: 'string' } },
    positionals: 1,
    run: async (environment, { positionals, values }) =>
      (await import('./products.ts')).importProducts(
        environment,
        root,
        positionals[0] ?? '',
        values.market as string | undefined,
      ),
  },
  export: {
    summary: 'Export products as a Shopify product CSV',
    usage: 'stoa export FILE [--market eu]',
    options: { market: { type: 'string' } },
    positionals: 1,
    run: async (environment, { positionals, values }) =>
      (await import('./products.ts')).exportProducts(
        environment,
        root,
        positionals[0] ?? '',
        values.market as string | undefined,
      ),
  },
  catalog: {
    summary: 'Copy the catalog from LMDB to MongoDB or back, while the shop sells',
    usage: 'stoa catalog copy --from lmdb --to mongodb [--final]',
    options: { from: { type: 'string' }, to: { type: 'string' }, final: { type: 'boolean' } },
    positionals: 1,
    run: async (environment, { positionals, values }) =>
      (await import('./catalog.ts')).copyCatalog(environment, positionals[0] ?? '', values),
  },
  verify: {
    summary: 'Check every invariant over the shop’s data',
    usage: 'stoa verify [--json]',
    options: { json: { type: 'boolean' } },
    run: async (environment, { values }) =>
      (await import('./verify.ts')).verify(environment, root, values.json === true),
  },
  events: {
    summary: 'List the events that were given up, or send them again',
    usage: 'stoa events list | stoa events replay (--event ID | --all) [--service orders]',
    options: { event: { type: 'string' }, all: { type: 'boolean' }, service: { type: 'string' } },
    positionals: 1,
    run: async (environment, { positionals, values }) =>
      (await import('./events.ts')).events(environment, root, positionals[0] ?? '', values),
  },
  backup: {
    summary: 'Copy the shop in a data folder to a new folder, while it sells',
    usage: 'stoa backup FOLDER',
    positionals: 1,
    run: async (environment, { positionals }) =>
      (await import('./backup.ts')).backUp(environment, positionals[0] ?? ''),
  },
  restore: {
    summary: 'Make a data folder of a backup',
    usage: 'stoa restore FOLDER',
    positionals: 1,
    run: async (environment, { positionals }) =>
      (await import('./backup.ts')).restore(environment, positionals[0] ?? ''),
  },
  chaos: {
    summary: 'Break a shop of its own by all means there are, and judge it',
    usage: 'stoa chaos [--fault a,b] [--seed N] [--seconds N] [--rate N] [--out FOLDER] [--list]',
    options: {
      fault: { type: 'string' },
      seed: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      out: { type: 'string' },
      list: { type: 'boolean' },
    },
    run: async (_, { values }) => (await import('./chaos/chaos.ts')).chaos(values),
  },
  bench: {
    summary: 'Measure a shop of its own, beside what this machine can do at most',
    usage:
      'stoa bench [--quick] [--products N] [--orders N] [--seed N] [--rounds N] [--seconds N] [--only a,b] [--scale | --buyers] [--out FOLDER]',
    notes:
      'Ends with 1 if a goal is missed, and names it last; --quick is a first idea, --scale and --buyers have no goals.',
    options: {
      buyers: { type: 'boolean' },
      scale: { type: 'boolean' },
      quick: { type: 'boolean' },
      products: { type: 'string' },
      orders: { type: 'string' },
      seed: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
    run: async (_, { values }) => (await import('./bench/bench.ts')).bench(values),
  },
  migrate: {
    summary: 'Bring the databases to this version',
    usage: 'stoa migrate',
    run: async (environment) => (await import('./maintenance.ts')).runMigrations(environment, root),
  },
  move: {
    summary: 'Move the rows of a service to a database of its own',
    usage: 'stoa move SERVICE',
    positionals: 1,
    run: async (environment, { positionals }) =>
      (await import('./move.ts')).move(environment, root, positionals[0] ?? ''),
  },
  secrets: {
    summary: 'Make the shop’s secrets in a folder, for processes that share no data folder',
    usage: 'stoa secrets FOLDER',
    positionals: 1,
    run: async (_, { positionals }) => (await import('./secrets.ts')).writeSecrets(positionals[0] ?? ''),
  },
  openapi: {
    summary: 'Write docs/openapi.json from the contracts; --check only compares',
    usage: 'stoa openapi [--check]',
    options: { check: { type: 'boolean' } },
    run: async (_, { values }) => (await import('./documents.ts')).writeDocuments(root, values.check === true),
  },
  doctor: {
    summary: 'Say what is wrong with this installation',
    usage: 'stoa doctor',
    run: async (environment) => (await import('./maintenance.ts')).examine(environment, root),
  },
}

function help(): string {
  const names = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return [
    'stoa: a shop that sells, in one process or in many',
    '',
    'usage: stoa COMMAND [options]',
    '',
    ...names,
    '',
    'Settings: stoa.config.ts and the environment, see README.md',
  ].join('\n')
}

async function main(args: readonly string[]): Promise<number> {
  const asksHelp = (word: string | undefined): boolean => word === 'help' || word === '--help' || word === '-h'
  const [name, ...rest] = asksHelp(args[0]) && args.length > 1 ? [...args.slice(1), '--help'] : args
  if (name === undefined || asksHelp(name)) {
    say(help())
    return 0
  }
  if (name === '--version' || name === 'version') {
    say(version)
    return 0
  }
  const command = commands[name]
  if (!command) {
    complain(`stoa: there is no command "${name}"; "stoa help" lists them`)
    return 1
  }
  if (rest.some((word) => word === '--help' || word === '-h')) {
    say(`${command.summary}\n\nusage: ${command.usage}${command.notes ? `\n\n${command.notes}` : ''}`)
    return 0
  }
  let parsed: Options
  try {
    parsed = parseArgs({
      args: rest,
      options: command.options ?? {},
      allowPositionals: (command.positionals ?? 0) !== 0,
    }) as Options
    if (command.positionals !== 'any' && parsed.positionals.length !== (command.positionals ?? 0))
      throw new Error(`usage: ${command.usage}`)
  } catch (error) {
    complain(`stoa ${name}: ${(error as Error).message}`)
    return 1
  }
  const environment = readEnvironment(process.env, { services: parsed.values.services as string | undefined })
  return command.run(environment, parsed)
}

/** Errors with a `code`, problems and configuration faults are for people: one clear line. Others are bugs and show where. */
function report(error: unknown): void {
  // By its shape: the class would load half of the kernel before a database can begin to start.
  const { problem, cause } = error as { problem?: { title: string; detail?: string }; cause?: unknown }
  const expected = error instanceof ConfigurationError || typeof (error as { code?: unknown }).code === 'string'
  const text = problem
    ? `${problem.detail ?? problem.title}${cause instanceof Error ? ` (${cause.message})` : ''}`
    : expected || !(error instanceof Error)
      ? ((error as Error).message ?? String(error))
      : (error.stack ?? error.message)
  complain(`stoa: ${text}`)
}

try {
  const status = await main(process.argv.slice(2))
  // `start` goes on until a signal ends it; everything else is done.
  if (process.argv[2] !== 'start' || status !== 0) process.exit(status)
} catch (error) {
  report(error)
  process.exit(1)
}
