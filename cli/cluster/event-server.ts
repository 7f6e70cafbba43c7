import { join } from 'node:path'
import type { Environment } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import { greets, natsServerProgram } from '../nats-server.ts'
import { keepEngine } from './engine.ts'
import type { ProcessList } from './leftovers.ts'

/** NATS for the events between processes. Null where `nats-server` is not installed, and where the environment names one. */
export async function openEventServer(
  { variables }: Environment,
  folder: string,
  processes: ProcessList,
  onLine: (line: string) => void,
): Promise<{ readonly url: string; stop(): Promise<void> } | null> {
  const program = variables.NATS_URL ? null : natsServerProgram()
  if (program === null) return null
  const [port = 0] = await freePorts(1)
  const engine = await keepEngine({
    name: program,
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
