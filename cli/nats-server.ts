import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from './free-ports.ts'

/** A NATS server with JetStream that is there to be broken, on a folder of its own. */
export type NatsServer = {
  readonly url: string
  /** Its own page of figures: http://127.0.0.1:…/varz. */
  readonly monitorUrl: string
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Starts it again, at the same address. */
  start(): Promise<void>
  /** Removes all it has stored. It must not run. */
  wipe(): Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  stop(): Promise<void>
}

/** Where `nats-server` is: on the PATH, or where Go installs it. Null where it is not installed. */
export const natsServerProgram = (): string | null =>
  ['nats-server', join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin', 'nats-server')].find(
    (one) => spawnSync(one, ['--version']).status === 0,
  ) ?? null

// It ends with us, however we end: a shell waits for our end of a pipe to close.
const endWithUs = '( ( read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 & ); exec "$@" 3<&-'
const answersWithinMs = 30_000

/**
 * @param folder is its own: `wipe` and `stop` remove it
 * @param parameters of `nats-server` beside those of its address and folder
 */
export async function startNatsServer(
  program: string,
  folder: string,
  parameters: readonly string[] = [],
): Promise<NatsServer> {
  const [port, monitorPort] = (await freePorts(2)) as [number, number]
  let server: ChildProcess | null = null

  const start = async (): Promise<void> => {
    const addresses = ['-a', '127.0.0.1', '-p', String(port), '-m', String(monitorPort)]
    server = spawn('sh', ['-c', endWithUs, 'sh', program, ...addresses, '-js', '-sd', folder, ...parameters], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    for (const until = Date.now() + answersWithinMs; Date.now() < until; await pause(20)) {
      if (server.exitCode !== null) throw new Error(`nats-server ended with status ${server.exitCode}`)
      if (await greets(port)) return
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
  const wipe = (): Promise<void> => rm(folder, { recursive: true, force: true })
  await start()
  return {
    url: `nats://127.0.0.1:${port}`,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    kill,
    start,
    wipe,
    signal: (signal) => void server?.kill(signal),
    async stop() {
      await kill()
      await wipe()
    },
  }
}

/** Whether a NATS server answers there: it says who it is to whoever comes. */
export function greets(port: number): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const socket = dial(port, '127.0.0.1')
    socket.once('data', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('data', () => socket.destroy())
  })
}
