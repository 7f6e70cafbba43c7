import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Ending } from '../ending.ts'
import { freePorts } from '../free-ports.ts'
import { environmentOf, program, stopProcess } from './own-shop.ts'

/** Every process of a cluster is started at once, on a machine with few cores. */
const startWithinMs = 180_000

export type OwnCluster = {
  readonly base: string
  /** Where commands to it go: see `tellCluster`. */
  readonly folder: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * `stoa cluster` of somebody's own, behind HAProxy.
 * @param parameters for the command
 * @param environment over that of the bench
 * @param onLine told each line that the cluster says
 */
export async function startOwnCluster(
  where: { readonly dataFolder: string; readonly port: number; readonly ending: Ending },
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  onLine: (line: string) => void = () => undefined,
): Promise<OwnCluster> {
  const { dataFolder, port, ending } = where
  const [sandboxPort] = await freePorts(1)
  const cluster: ChildProcess = spawn(process.execPath, [program, 'cluster', ...parameters], {
    env: { ...environmentOf(dataFolder, port), STOA_SANDBOX_PORT: String(sandboxPort), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = (): Promise<void> => stopProcess(cluster)
  ending.add(stop)
  let words = ''
  for (const stream of [cluster.stdout, cluster.stderr])
    stream?.on('data', (chunk: Buffer) => {
      words += chunk
      for (const line of String(chunk).split('\n')) onLine(line)
    })
  for (const until = Date.now() + startWithinMs; !words.includes('In other terminals'); await pause(50))
    if (cluster.exitCode !== null || Date.now() > until) throw new Error(`the cluster did not start: ${words}`)
  return { base: `http://127.0.0.1:${port}`, folder: join(dataFolder, 'cluster'), pid: cluster.pid as number, stop }
}
