import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFile, openDataFolder, startError } from './data-folder.ts'
import { packagedPostgres, postgresBinaries } from './postgres-binaries.ts'
import { chooseUser, createCluster } from './postgres-cluster.ts'
import { type Cluster, launchPostgres, type PostgresServer, rotateLog } from './postgres-process.ts'

export type EmbeddedPostgres = {
  /** Signs in as the superuser, from any process on this machine; through a Unix socket where there is one. */
  readonly url: string
  /** On 127.0.0.1. */
  readonly port: number
  /** Whether this start made the database, which is empty then. */
  readonly firstStart: boolean
  /** Ends the server cleanly and frees the folder. */
  stop(): Promise<void>
}

/** What a server for a shop on one machine wants; everything else is PostgreSQL's own default, `fsync` among it. */
const shopSettings = {
  max_connections: 100,
  shared_buffers: '128MB',
  jit: 'off', // compiling a statement costs more than any of ours takes
  random_page_cost: 1.1, // no laptop has a spinning disk
  io_method: 'sync', // the data fits in memory: workers that read ahead would be three processes for nothing
  max_logical_replication_workers: 0, // saves another process
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}

/** A server that ends or cannot start again and again is started after longer and longer pauses, and never given up: disks are emptied. */
const firstPauseMs = 500
const pauseAtMostMs = 15_000
/** One that has run for so long was well. */
const wellAfterMs = 60_000
/** Between our look for a free port and the server's use of it, another program may take it. */
const portsTriedAtMost = 5
/** The shortest of the systems' limits for the path of a Unix socket (macOS: 104 with the closing zero). */
const socketPathBytesAtMost = 103

/**
 * Runs a PostgreSQL server of its own in `<dataFolder>/postgres`, and keeps it running: however it ends, it is started again on the
 * same port, as soon as it can be. It ends with this process, however this process ends. As root it runs as the owner of that folder, else as nobody.
 * Where it listens (`url`, `port`, `pid`) is written to `<dataFolder>/postgres.json` (owner only), its log to `<dataFolder>/postgres.log`.
 * @param settings PostgreSQL's, over those for a shop; only tests may turn `fsync` or `synchronous_commit` off
 * @throws errors with a `code` and one clear line: `data-folder-not-writable`, `postgres-in-use`, `postgres-folder-foreign`,
 *   `postgres-as-root`, `postgres-binaries-missing`, `postgres-binaries-unusable`, `postgres-initdb-failed`,
 *   `postgres-port-taken`, `postgres-refused`
 */
export async function startEmbeddedPostgres(options: {
  dataFolder: string
  port?: number
  settings?: Record<string, string | number>
  onProgress?: (line: string) => void
  /** Called once the server is on its way, which takes a while: whoever has much to do begins then. */
  onLaunched?: () => void
}): Promise<EmbeddedPostgres> {
  const data = await openDataFolder(options.dataFolder)
  const onProgress = options.onProgress ?? (() => undefined)
  const onLaunched = options.onLaunched ?? (() => undefined)
  const lock = lockFile(join(data.path, 'postgres.lock'))
  if (!lock) throw startError('postgres-in-use', `Another process runs the database in ${data.path}: stop it first.`)
  try {
    const folder = join(data.path, 'postgres')
    const runAs = await chooseUser(folder)
    const binaries = await postgresBinaries({
      packaged: packagedPostgres(),
      copyTo: runAs ? ['/var/cache/stoa', data.path] : [data.path],
      runAs,
      onProgress,
    })
    const name = `stoa-${createHash('sha256')
      .update(await realpath(data.path))
      .digest('hex')
      .slice(0, 16)}`
    const logFile = join(data.path, 'postgres.log')
    const cluster: Cluster = { folder, name, binaries, runAs, logFile, onProgress }
    const password = await data.secret('postgres')
    const settings: Record<string, string | number> = { ...shopSettings, ...options.settings }
    const firstStart = !existsSync(join(folder, 'PG_VERSION'))
    if (firstStart) await createCluster(cluster, password, { sync: settings.fsync !== 'off' })
    rotateLog(logFile)

    const addressFile = join(data.path, 'postgres.json')
    const place = await launchSomewhere({ ...cluster, onLaunched }, settings, options.port, await lastPort(addressFile))
    const url = urlOf(cluster, place, password)
    const record = (server: PostgresServer) => writeAddress(addressFile, { url, port: place.port, pid: server.pid })
    await record(place.server)
    const end = supervise(cluster, place.server, async () => {
      const server = await launchPostgres(cluster, withAddress(settings, place))
      await record(server)
      return server
    })
    let stopped: Promise<void> | undefined
    return {
      url,
      port: place.port,
      firstStart,
      stop() {
        stopped ??= end().finally(() => lock.release())
        return stopped
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

type Place = { port: number; socket: boolean }

/**
 * Starts the server on the port that was asked for, else on the last one, so that other processes find it again, else on
 * any that is free. A Unix socket costs a sixth less processor time a query, but not every file system can hold one.
 */
async function launchSomewhere(
  cluster: Cluster,
  settings: Record<string, string | number>,
  asked: number | undefined,
  last: number | undefined,
): Promise<Place & { server: PostgresServer }> {
  let port = asked ?? last ?? (await freePort())
  let socket = process.platform !== 'win32' && Buffer.byteLength(socketPath(cluster, port)) <= socketPathBytesAtMost
  for (let attempt = 1; ; attempt++) {
    try {
      const server = await launchPostgres(cluster, withAddress(settings, { port, socket }))
      return { server, port, socket }
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'postgres-socket-refused' && socket) socket = false
      else if (code === 'postgres-port-taken' && asked === undefined && attempt < portsTriedAtMost)
        port = await freePort()
      else throw error
    }
  }
}

// The socket lies in the data folder itself, which only the server's user and root may enter.
const socketPath = (cluster: Cluster, port: number) => join(cluster.folder, `.s.PGSQL.${port}`)

function withAddress(settings: Record<string, string | number>, { port, socket }: Place) {
  return { ...settings, listen_addresses: '127.0.0.1', port, unix_socket_directories: socket ? '.' : '' }
}

function urlOf(cluster: Cluster, { port, socket }: Place, password: string): string {
  const url = new URL(`postgres://postgres:${password}@127.0.0.1:${port}/postgres`)
  if (socket) url.searchParams.set('host', cluster.folder)
  return url.href
}

/** A port on 127.0.0.1 that nobody listens on now. */
async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer().once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}

async function lastPort(addressFile: string): Promise<number | undefined> {
  try {
    const { port } = JSON.parse(await readFile(addressFile, 'utf8'))
    return Number.isInteger(port) ? port : undefined
  } catch {
    return undefined // the first start, or a crash in the middle of one
  }
}

/** Replaces the file at once: who reads it finds the old address or the new one. */
async function writeAddress(file: string, address: { url: string; port: number; pid: number }): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(address, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** Starts the server again whenever it ends by itself. Answers how to end both, the server and this. */
function supervise(
  cluster: Cluster,
  first: PostgresServer,
  restart: () => Promise<PostgresServer>,
): () => Promise<void> {
  let server = first
  const stopping = new AbortController()
  const startAgain = async (failures: number): Promise<PostgresServer | null> => {
    const pauseMs = failures === 0 ? 0 : Math.min(firstPauseMs * 2 ** failures, pauseAtMostMs)
    await sleep(pauseMs, undefined, stopping).catch(() => undefined)
    if (stopping.signal.aborted) return null
    return restart().catch((error: Error) => {
      cluster.onProgress(error.message)
      return startAgain(failures + 1)
    })
  }
  const supervised = (async () => {
    for (let ends = 0; ; ends++) {
      const since = performance.now()
      await server.exited
      if (stopping.signal.aborted) return
      cluster.onProgress('PostgreSQL ended unexpectedly and is started again')
      if (performance.now() - since > wellAfterMs) ends = 0
      const started = await startAgain(ends)
      if (!started) return
      server = started
      if (stopping.signal.aborted) await server.end()
    }
  })()
  return async () => {
    stopping.abort()
    await server.end()
    await supervised
  }
}
