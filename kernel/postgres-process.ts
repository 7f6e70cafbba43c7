import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startError } from './data-folder.ts'
import type { PostgresBinaries, RunAs } from './postgres-binaries.ts'

/** A folder of PostgreSQL's data and how to run a server on it. */
export type Cluster = {
  readonly folder: string
  /** Shown in the process list, where it also tells this folder's server from any other. */
  readonly name: string
  readonly binaries: PostgresBinaries
  readonly runAs: RunAs | undefined
  readonly logFile: string
  readonly onProgress: (line: string) => void
  /** Called when a server has been spawned, before it takes connections. */
  readonly onLaunched?: () => void
}

export type PostgresServer = {
  readonly pid: number
  /** Resolves when the server has ended, for whatever reason. */
  readonly exited: Promise<void>
  /** Ends it cleanly: running transactions are rolled back, what was committed is written. */
  end(): Promise<void>
}

const pollMs = 20
/** Recovery after a crash replays at most `max_wal_size`; a disk that needs longer for it is broken. */
const readyWithinMs = 300_000
/** A clean end writes a checkpoint; where that takes longer, an abrupt end and a recovery are no slower. */
const endWithinMs = 10_000
/** Backends of a killed server notice within milliseconds, unless they are in the middle of a long statement. */
const orphansWithinMs = 10_000

// The server is not our child alone: a shell waits for our end of a pipe to close, which the system does however we die,
// and then ends the server, so that none outlives its shop. A line on the pipe tells the shell that there is nothing to do.
const endWithUs = '( ( read -r _ <&3 || kill -INT $$ ) >/dev/null 2>&1 & ); exec "$@" 3<&-'

/**
 * Starts a server and waits until it takes connections.
 * @throws `postgres-port-taken`, `postgres-socket-refused`, `postgres-refused` with the server's own last words
 */
export async function launchPostgres(
  cluster: Cluster,
  settings: Record<string, string | number>,
): Promise<PostgresServer> {
  const deadline = performance.now() + orphansWithinMs
  const foreign = await endFormerServer(cluster)
  for (;;) {
    const from = existsSync(cluster.logFile) ? statSync(cluster.logFile).size : 0
    const server = spawnServer(cluster, settings, foreign)
    cluster.onLaunched?.()
    if (await becomesReady(cluster, server)) return server
    const words = lastWords(cluster.logFile, from)
    const code = reasons.find(([pattern]) => pattern.test(words))?.[1] ?? 'postgres-refused'
    if (code !== 'orphans' || performance.now() > deadline)
      throw startError(code, `PostgreSQL did not start: ${summary(words)} (its log: ${cluster.logFile})`)
    await sleep(pollMs * 5)
  }
}

const reasons: [RegExp, string][] = [
  [/could not create any TCP\/IP sockets/, 'postgres-port-taken'],
  [/could not create any Unix-domain sockets/, 'postgres-socket-refused'],
  [/pre-existing shared memory block/, 'orphans'],
]

function spawnServer(cluster: Cluster, settings: Record<string, string | number>, foreign?: number): PostgresServer {
  const { binaries, folder, logFile, name, runAs } = cluster
  const log = openSync(logFile, 'a', 0o600)
  const parameters = Object.entries({ ...settings, cluster_name: name }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ])
  const command = [binaries.postgres, '-D', dataArgument(cluster), ...parameters]
  const options: SpawnOptions = {
    ...runAs,
    cwd: folder,
    // Of its own session, or Ctrl-C in the terminal would end the database before the requests that still need it.
    detached: true,
    env: serverEnvironment(foreign),
    windowsHide: true,
    stdio: ['ignore', log, log, 'pipe'],
  }
  const child =
    process.platform === 'win32'
      ? spawn(binaries.postgres, command.slice(1), options)
      : spawn('/bin/sh', ['-c', endWithUs, 'stoa', ...command], options)
  closeSync(log)
  const pipe = child.stdio[3] as Socket
  pipe.on('error', () => undefined) // the shell at the other end may be gone
  pipe.unref()
  child.unref()
  const exited = new Promise<void>((done) => {
    const finish = () => {
      pipe.end('\n')
      done()
    }
    child.once('exit', finish)
    child.once('error', (error) => {
      appendFileSync(logFile, `${error.message}\n`)
      finish()
    })
  })
  return { pid: child.pid ?? 0, exited, end: () => endChild(cluster, child, exited) }
}

/** As root we may run the server in a folder that its user cannot reach by name, below /root for one: it is already there. */
export function dataArgument(cluster: Pick<Cluster, 'folder' | 'runAs'>): string {
  return cluster.runAs ? '/proc/self/cwd' : cluster.folder
}

/** PostgreSQL reads settings of clients (PGPORT, PGDATESTYLE …) from its environment as well, and words its log by the locale. */
export function serverEnvironment(foreign?: number): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name))
  // A lock file left by a crash may name a process id that another program has by now, and PostgreSQL would refuse to start.
  // It lets its grandparent's id pass and then still looks for a living server, in shared memory.
  return { ...Object.fromEntries(own), LC_ALL: 'C', ...(foreign ? { PG_GRANDPARENT_PID: String(foreign) } : {}) }
}

/** Whether the server came up, which it writes into its lock file; false when it ended instead. */
async function becomesReady(cluster: Cluster, server: PostgresServer): Promise<boolean> {
  const started = performance.now()
  let running = true
  let told = false
  server.exited.then(() => {
    running = false
  })
  while (running) {
    const lines = lockFileLines(cluster.folder)
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true
    const waitedMs = performance.now() - started
    if (waitedMs > 1_000 && !told) {
      told = true
      cluster.onProgress('Waiting for PostgreSQL, which recovers from an abrupt end')
    }
    if (waitedMs > readyWithinMs) {
      await server.end()
      return false
    }
    await sleep(pollMs)
  }
  return false
}

function lockFileLines(folder: string): string[] {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

async function endChild(cluster: Cluster, child: ChildProcess, exited: Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    child.ref()
    await signalServer(cluster, child.pid, signal)
    const waiting = new AbortController()
    await Promise.race([exited, sleep(endWithinMs, undefined, waiting).catch(() => undefined)])
    waiting.abort()
  }
}

async function signalServer(cluster: Cluster, pid: number, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
  if (process.platform === 'win32' && signal !== 'SIGKILL') {
    const pgCtl = join(cluster.binaries.postgres, '../pg_ctl.exe')
    await new Promise<void>((done) => {
      execFile(pgCtl, ['kill', signal.slice(3), String(pid)], () => done())
    })
    return
  }
  try {
    process.kill(pid, signal)
  } catch {
    // It ended just now.
  }
}

/**
 * Ends a server that an earlier shop left running on this folder, which only happens where the shell was killed too, or is
 * still at it. Answers the process id in the lock file where it is now another program's.
 */
async function endFormerServer(cluster: Cluster): Promise<number | undefined> {
  const pid = Number(lockFileLines(cluster.folder)[0])
  if (Number.isInteger(pid) && pid > 1) {
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      if (!isServerOf(cluster, pid)) break
      await signalServer(cluster, pid, signal)
      const deadline = performance.now() + endWithinMs
      while (isServerOf(cluster, pid) && performance.now() < deadline) await sleep(pollMs)
    }
  }
  removeSockets(cluster.folder)
  return pid > 1 ? pid : undefined
}

/** No server runs here any more, so these are leftovers, and one may name a process id that is used again. */
function removeSockets(folder: string): void {
  const port = lockFileLines(folder)[3]
  if (port) for (const suffix of ['', '.lock']) rmSync(join(folder, `.s.PGSQL.${port}${suffix}`), { force: true })
}

function isServerOf(cluster: Cluster, pid: number): boolean {
  const line = commandLine(pid)
  return line.includes('postgres') && (line.includes(cluster.name) || process.platform === 'win32')
}

/** What a process was started as; empty when it has ended. */
function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    const [command, ...parameters] =
      process.platform === 'win32'
        ? ['tasklist', '/NH', '/FI', `PID eq ${pid}`]
        : ['ps', '-ww', '-o', 'command=', '-p', String(pid)]
    return execFileSync(command as string, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}

/** What the server wrote from that byte on, 64 KiB at most. */
function lastWords(logFile: string, from: number): string {
  const log = openSync(logFile, 'r')
  try {
    const buffer = Buffer.alloc(65_536)
    return buffer.toString('utf8', 0, readSync(log, buffer, 0, buffer.length, from))
  } finally {
    closeSync(log)
  }
}

/** The lines that say why, in one. */
export function summary(words: string): string {
  const lines = words.trim().split('\n')
  const why = lines.filter((line) => /(FATAL|PANIC|DETAIL|HINT|error):/.test(line))
  const chosen = why.length > 0 ? why.slice(0, 3) : lines.slice(-2)
  return chosen
    .map((line) =>
      line
        .replace(/^[\d-]+ [\d:.]+ \w+ \[\d+\] /, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .join(' ')
}

/** The log is small as long as all is well; what a bad week wrote is kept once. */
const logBytesAtMost = 10 * 1024 * 1024

/** Begins a new log where the last one has grown; that one stays beside it as `.1`. */
export function rotateLog(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > logBytesAtMost) renameSync(logFile, `${logFile}.1`)
}
