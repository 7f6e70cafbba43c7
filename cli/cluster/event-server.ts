import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import { keepEngine } from './engine.ts'
import type { ProcessList } from './leftovers.ts'

/** NATS for the events between processes. Null where `nats-server` is not installed, and where the environment names one. */
export async function openEventServer(
  { variables }: Environment,
  folder: string,
  processes: ProcessList,
  onLine: (line: string) => void,
): Promise<{ readonly url: string; stop(): Promise<void> } | null> {
  if (variables.NATS_URL || !(await isInstalled())) return null
  const [port = 0] = await freePorts(1)
  const engine = await keepEngine({
    name: 'nats-server',
    parameters: ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'nats')],
    processes,
    answers: () => greets(port),
    onLine,
    isWorthALine: (text) => /\[(ERR|FTL|WRN)\]/.test(text),
    // The outbox knows what has not arrived, and sends it again.
    onRestarted: async () => undefined,
  })
  return { url: `nats://127.0.0.1:${port}`, stop: engine.stop }
}

const isInstalled = (): Promise<boolean> =>
  promisify(execFile)('nats-server', ['--version']).then(
    () => true,
    () => false,
  )

/** It says who it is to whoever comes. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'data')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
