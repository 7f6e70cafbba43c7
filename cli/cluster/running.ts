import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient } from '#kernel/client'
import { openDataFolder, startError } from '#kernel/data-folder'
import type { ClientOf } from '#kernel/host'
import { httpMesh } from '#kernel/mesh'
import { type Copies, openCopies, type Part } from '../copies.ts'
import type { Ending } from '../ending.ts'
import type { Environment } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import { announceRunning, openDatabases, publicUrlOf, refuseTakenPort } from '../shop.ts'
import { ensureOwner, seedDemo } from '../start.ts'
import { findHaproxy, openBalancer } from './balancer.ts'
import { type ControlRequest, checkPath } from './control.ts'
import { openEventServer } from './event-server.ts'
import { observe } from './health.ts'
import { endLeftovers, openProcessList } from './leftovers.ts'
import { migrateTo, programOf, type Release, readRelease } from './release.ts'

/** A whole split shop that runs on this machine. */
export type Cluster = {
  readonly parts: readonly Copies[]
  readonly publicUrl: string
  readonly sandboxUrl: string | null
  /** The one-time password of the first staff account, if this start made it. */
  readonly password: string | null
  readonly observer: ReturnType<typeof observe>
  /** By what events go between processes. */
  readonly events: 'NATS' | 'HTTP'
  /** Whether copies are being replaced. */
  readonly isBusy: () => boolean
  /** Does what it was told from another terminal, but for `stop`. */
  obey(request: Exclude<ControlRequest, { do: 'stop' }>, say: (line: string) => void): Promise<unknown>
  /** Ends every copy at once, whatever it is doing. */
  kill(): void
}

/** Each copy of a service opens its own few: sixteen copies of each fit. Unused ones cost PostgreSQL next to nothing. */
const databaseConnections = 1_000

/**
 * Starts PostgreSQL (unless `DATABASE_URL` is set), HAProxy and all copies, and makes the first staff account and the demo shop.
 * @param options.line told each line that a process says, and whose it is
 * @param options.ending told of each thing that has to be ended: an interrupted start leaves nothing behind
 */
export async function openCluster(options: {
  readonly environment: Environment
  readonly root: string
  readonly parts: readonly Part[]
  readonly onProgress: (step: string) => void
  readonly line: (who: string, line: string) => void
  readonly ending: Ending
}): Promise<Cluster> {
  const { ending, environment, line, onProgress } = options
  await findHaproxy()
  const data = await openDataFolder(environment.dataFolder)
  const folder = join(data.path, 'cluster')
  checkPath(folder)
  const lock = await data.lock()
  ending.add(() => lock.release())
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const left = await endLeftovers(processesFile(folder))
  if (left > 0) line('cluster', `ended ${left} processes that an earlier cluster left behind`)
  const processes = openProcessList(processesFile(folder))

  const sandbox = options.parts.some(({ services }) => services.includes('sandbox'))
  const sandboxPort = environment.sandbox.port ?? environment.port + 1
  for (const port of [environment.port, ...(sandbox ? [sandboxPort] : [])])
    await refuseTakenPort(environment.host, port)
  const database = await openDatabases(environment, data.path, onProgress, {
    settings: { max_connections: databaseConnections },
  })
  ending.add(database.stop)
  const [meshPort = 0] = await freePorts(1)
  const meshUrl = `http://127.0.0.1:${meshPort}`
  const publicUrl = publicUrlOf(environment)
  const sandboxUrl = sandbox ? publicUrlOf({ ...environment, publicUrl: null, port: sandboxPort }) : null

  onProgress('starting HAProxy')
  const place = {
    parts: options.parts,
    host: environment.host,
    publicPort: environment.port,
    meshPort,
    sandboxPort,
    folder,
  }
  const balancer = await openBalancer(place, processes, (text) => line('haproxy', text))
  ending.add(balancer.stop)
  const events = await openEventServer(environment, folder, processes, (text) => line('nats', text))
  if (events) ending.add(events.stop)

  const shared = {
    ...environment.variables,
    HOST: '127.0.0.1',
    STOA_PUBLIC_URL: publicUrl,
    STOA_DATA: data.path,
    STOA_MESH_URL: meshUrl,
    ...(database.databases.shared ? { DATABASE_URL: database.databases.shared.url } : {}),
    // The balancer says who comes.
    STOA_TRUSTED_PROXIES: ['127.0.0.1', ...environment.trustedProxies].join(),
    ...(events ? { NATS_URL: events.url } : {}),
    ...(sandboxUrl ? { STOA_SANDBOX_URL: sandboxUrl, STOA_SANDBOX_PUBLIC_URL: sandboxUrl } : {}),
  }
  const releases = new Map<string, Release>()
  const releaseOf = new WeakMap<ChildProcess, Release>()
  const ownRelease = await readRelease(options.root)
  const parts = options.parts.map((part) =>
    openCopies({
      part,
      door: balancer.door(part),
      launch({ name, port, healthPort }) {
        const release = releases.get(part.name) ?? ownRelease
        const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', programOf(release), 'start'], {
          env: {
            ...shared,
            STOA_SERVICES: part.services.join(),
            STOA_INTERNAL_PORT: String(healthPort),
            [part.portVariable]: String(port),
          },
          stdio: ['ignore', 'pipe', 'pipe'],
          // Ctrl-C reaches the cluster alone, which ends its processes in order.
          detached: true,
        })
        releaseOf.set(child, release)
        for (const stream of [child.stdout, child.stderr])
          if (stream) createInterface(stream).on('line', (text) => line(name, text))
        const pid = child.pid ?? 0
        processes.add(pid)
        child.once('exit', (status, signal) => {
          processes.remove(pid)
          if (status !== 0) line(name, `ended with ${signal ?? `status ${status}`}`)
        })
        return child
      },
    }),
  )
  ending.add(() => stopAll(parts))
  onProgress('starting the shop’s processes')
  await Promise.all(parts.map((one) => one.scale(one.part.copies)))
  await Promise.all(parts.map((one) => one.untilReady()))

  const mesh = httpMesh({ urlOf: () => meshUrl, secret: await data.secret('service-token') })
  ending.add(mesh.close)
  const client: ClientOf = (contract) => createClient(contract, 'cli', mesh)
  const password = await ensureOwner(environment, client)
  await seedDemo(environment, { client, settle: async () => undefined }, onProgress)
  ending.add(
    await announceRunning(data.path, {
      pid: process.pid,
      publicUrl,
      internalUrl: meshUrl,
      databases: database.databases,
    }),
  )

  const observer = observe(parts, balancer, ({ child }) => releaseOf.get(child)?.version ?? ownRelease.version)
  let busy: string | null = null
  /** One thing at a time, or two would count each other's copies. */
  const alone = async (what: string, work: () => Promise<unknown>): Promise<unknown> => {
    if (busy) throw startError('cluster-busy', `${busy} is under way: wait for its end.`)
    busy = what
    return work().finally(() => {
      busy = null
    })
  }

  const scale = async (wanted: Readonly<Record<string, number>>, say: (line: string) => void): Promise<void> => {
    const changes = Object.entries(wanted).map(([service, count]) => [partOf(parts, service), count] as const)
    await Promise.all(
      changes.map(async ([copies, count]) => {
        say(`${copies.part.name}: ${copies.wanted()} → ${count} copies`)
        await copies.scale(count)
        await copies.untilReady()
      }),
    )
  }

  const restart = async (services: readonly string[], say: (line: string) => void): Promise<void> => {
    const leaving: Promise<unknown>[] = []
    for (const copies of chosen(parts, services)) {
      say(`restarting ${copies.part.name}`)
      leaving.push((await copies.roll()).gone)
    }
    await Promise.all(leaving)
  }

  const deploy = async (release: Release, services: readonly string[], say: (line: string) => void): Promise<void> => {
    for (const text of await migrateTo(release, shared)) say(text)
    const targets = chosen(parts, services)
    const leaving: Promise<unknown>[] = []
    const before = new Map(targets.map(({ part }) => [part.name, releases.get(part.name) ?? ownRelease]))
    try {
      for (const copies of targets) {
        say(`replacing ${copies.part.name} by version ${release.version}`)
        releases.set(copies.part.name, release)
        leaving.push((await copies.roll()).gone)
      }
    } catch (error) {
      say(`${(error as Error).message}; what was replaced is put back`)
      for (const copies of targets) {
        const old = before.get(copies.part.name) ?? ownRelease
        releases.set(copies.part.name, old)
        leaving.push((await copies.roll(({ child }) => releaseOf.get(child) !== old)).gone)
      }
      throw startError(
        'deploy-failed',
        `Version ${release.version} was not deployed: every copy is what it was before.`,
      )
    } finally {
      // The next release may take away what the one before still writes.
      await Promise.all(leaving)
    }
  }

  return {
    parts,
    publicUrl,
    sandboxUrl,
    password,
    observer,
    events: events || environment.variables.NATS_URL ? 'NATS' : 'HTTP',
    isBusy: () => busy !== null,
    async obey(request, say) {
      if (request.do === 'status') return observer.look()
      if (request.do === 'scale') return alone('scaling', () => scale(request.copies, say))
      if (request.do === 'restart') return alone('a restart', () => restart(request.services, say))
      return alone('a deploy', async () => deploy(await readRelease(request.folder), request.services, say))
    },
    kill() {
      for (const { all } of parts) for (const { child } of all()) child.kill('SIGKILL')
    },
  }
}

const processesFile = (folder: string): string => join(folder, 'processes.json')

function partOf(parts: readonly Copies[], service: string): Copies {
  const found = parts.find(({ part }) => part.services.includes(service))
  if (!found)
    throw startError(
      'unknown-service',
      `Nothing here hosts "${service}"; services are ${parts.flatMap(({ part }) => part.services).join(', ')}.`,
    )
  return found
}

/**
 * The parts that host the named services, or else all that are the shop's own: the sandbox plays somebody else. The public door
 * comes last, as it may ask what only new copies can answer.
 */
function chosen(parts: readonly Copies[], services: readonly string[]): Copies[] {
  const named = services.length > 0 ? services.map((one) => partOf(parts, one)) : parts.filter((one) => !isSandbox(one))
  const last = (one: Copies): number => Number(one.part.services.includes('edge'))
  return [...new Set(named)].toSorted((a, b) => last(a) - last(b))
}

const isSandbox = ({ part }: Copies): boolean => part.services.includes('sandbox')

/** First nobody comes in any more, then all at once, none before all have been told: each waits for others that still run. */
async function stopAll(parts: readonly Copies[]): Promise<void> {
  const isDoor = ({ part }: Copies): boolean => part.services.includes('edge')
  await Promise.all(parts.filter(isDoor).map((one) => one.stop()))
  await Promise.all(parts.filter((one) => !isDoor(one)).map((one) => one.stop()))
}
