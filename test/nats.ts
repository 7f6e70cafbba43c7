import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { NatsOptions } from '#kernel/nats-connection'
import { freePorts } from '../cli/free-ports.ts'

const version = 'v2.15.3'
const program = ['nats-server', join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin', 'nats-server')].find(
  (one) => spawnSync(one, ['--version']).status === 0,
)
const missing = `nats-server is not installed (go install github.com/nats-io/nats-server/v2@${version})`
if (!program && process.env.STOA_REQUIRE_PEERS === '1') throw new Error(missing)

/** Whether a NATS server can be started here. */
export const hasNats = program !== undefined
/** For `skip`: why there is no test with NATS, or false. */
export const noNats = hasNats ? false : missing

/** A real NATS server with JetStream, on a folder of its own. */
export type TestNats = {
  readonly url: string
  /** Its own page of figures: http://127.0.0.1:…/varz. */
  readonly monitorUrl: string
  readonly options: NatsOptions
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Starts it again, at the same address. */
  start(): Promise<void>
  /** Removes all it has stored. It must not run. */
  wipe(): Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  stop(): Promise<void>
}

// It ends with us, however we end: a shell waits for our end of a pipe to close.
const endWithUs = '( ( read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 & ); exec "$@" 3<&-'
const answersWithinMs = 30_000

/** @param parameters of `nats-server` beside those of its address and folder */
export async function startNats(parameters: readonly string[] = []): Promise<TestNats> {
  if (!program) throw new Error(missing)
  const folder = await mkdtemp(join(tmpdir(), 'stoa-nats-'))
  const [port, monitorPort] = (await freePorts(2)) as [number, number]
  let server: ChildProcess | null = null

  const start = async (): Promise<void> => {
    const addresses = ['-a', '127.0.0.1', '-p', String(port), '-m', String(monitorPort)]
    server = spawn('sh', ['-c', endWithUs, 'sh', program, ...addresses, '-js', '-sd', folder, ...parameters], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    for (const until = Date.now() + answersWithinMs; Date.now() < until; await pause(20)) {
      if (server.exitCode !== null) throw new Error(`nats-server ended with status ${server.exitCode}`)
      const greets = await new Promise<boolean>((resolve) => {
        const socket = dial(port, '127.0.0.1')
        socket.once('data', () => resolve(true)).once('error', () => resolve(false))
        socket.once('close', () => resolve(false))
        socket.once('data', () => socket.destroy())
      })
      if (greets) return
    }
    throw new Error(`nats-server did not answer within ${answersWithinMs} ms`)
  }
  const kill = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
    // A line tells the shell that there is nothing left to end.
    ;(server.stdio[3] as Writable).end('\n')
  }
  await start()
  const url = `nats://127.0.0.1:${port}`
  return {
    url,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    options: natsOptions(url),
    kill,
    start,
    wipe: () => rm(folder, { recursive: true, force: true }),
    signal: (signal) => void server?.kill(signal),
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const natsOptions = (url: string, given: Partial<NatsOptions> = {}): NatsOptions => ({
  url,
  user: null,
  password: null,
  credentials: null,
  nkey: null,
  authority: null,
  certificate: null,
  key: null,
  replicas: 1,
  prefix: 'stoa',
  ...given,
})
