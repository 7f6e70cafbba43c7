import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { plainVariables } from '../../cli/bench/own-shop.ts'
import type { Ending } from '../../cli/ending.ts'
import { freePorts } from '../../cli/free-ports.ts'
import { type Started, startProcess } from './processes.ts'

const program = 'redis-server'

/** Null where none is installed. */
export const redisVersion = (): Promise<string | null> =>
  promisify(execFile)(program, ['--version']).then(
    ({ stdout }) => /v=(\S+)/.exec(stdout)?.[1] ?? 'of unknown version',
    () => null,
  )

/** An empty one that writes nothing to the disk, which is in favor of whoever uses it. */
export async function startRedis(folder: string, log: string, ending: Ending): Promise<Started & { url: string }> {
  const [port] = (await freePorts(1)) as [number]
  const parameters = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const started = await startProcess({
    program,
    parameters: [...parameters, '--maxmemory-policy', 'noeviction'],
    folder,
    variables: plainVariables(),
    log,
    ending,
  })
  return { ...started, url: `redis://127.0.0.1:${port}` }
}
