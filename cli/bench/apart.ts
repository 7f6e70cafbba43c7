import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { allServiceNames } from '../../services/names.ts'
import { postmasterOf } from '../chaos/system.ts'
import { hostable } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import type { RunOptions } from './measure-row.ts'
import { postgresMs, processorMs } from './meter.ts'
import { environmentOf, program, stopProcess } from './own-shop.ts'
import type { Report } from './report.ts'
import { scenarios } from './scenarios.ts'
import type { Goods } from './visits.ts'
import type { Driver } from './workers.ts'

/** Eleven processes on two busy cores take a while. */
const readyWithinMs = 180_000
const warmUpSeconds = 3

/** What an order costs where each service is a process of its own, on the data of a shop that has stopped. */
export async function measureApart(options: RunOptions, driver: Driver, goods: Goods): Promise<Report['apart']> {
  const { dataFolder, port, ending, seconds } = options
  const postgres = await startEmbeddedPostgres({ dataFolder })
  ending.add(postgres.stop)
  const postmaster = await postmasterOf(dataFolder)
  const pids = await startProcesses(options, postgres.url)
  const scenario = scenarios.find(({ name }) => name === 'three-requests')
  const drive = (from: number, lasts: number) =>
    driver({
      base: `http://127.0.0.1:${port}`,
      visit: 'three-requests',
      goods,
      seconds: lasts,
      load: { atOnce: scenario?.atOnce ?? 1 },
      from,
    })
  const used = async (): Promise<number> => {
    const each = await Promise.all(pids.map(processorMs))
    return each.reduce((sum, one) => sum + one, await postgresMs(postmaster))
  }
  const warm = await drive(0, warmUpSeconds)
  const before = await used()
  // As long as all rounds of the shop in one process together.
  const { visits, seconds: took, failures } = await drive(warm.visits, seconds * options.rounds)
  if (visits === 0) throw new Error(`bench: nothing was sold by services apart: ${JSON.stringify(failures)}`)
  return { processes: pids.length, ordersASecond: visits / took, processorMs: ((await used()) - before) / visits }
}

async function startProcesses({ dataFolder, port, ending }: RunOptions, serverUrl: string): Promise<number[]> {
  // One more for the payment provider of the sandbox, which runs beside payments.
  const [sandboxPort, ...ports] = await freePorts(hostable.length + 1)
  const portOf = new Map(hostable.map((name, n) => [name, ports[n] as number]))
  const urls = allServiceNames.map((name) => [`STOA_${name.toUpperCase()}_URL`, `http://127.0.0.1:${portOf.get(name)}`])
  const databaseUrl = new URL(serverUrl)
  databaseUrl.pathname = '/stoa'
  const processes = hostable.map((name) =>
    spawn(process.execPath, [program, 'start', '--services', name], {
      env: {
        ...environmentOf(dataFolder, port),
        ...Object.fromEntries(urls),
        DATABASE_URL: databaseUrl.href,
        STOA_INTERNAL_PORT: String(portOf.get(name)),
        STOA_SANDBOX_PORT: String(sandboxPort),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  )
  // All at once, and none before all have been told: each waits for others that still run.
  ending.add(() => Promise.all(processes.map(stopProcess)))
  const until = performance.now() + readyWithinMs
  for (const [n, name] of hostable.entries()) {
    while (!(await isReady(ports[n] as number))) {
      if (processes[n]?.exitCode !== null) throw new Error(`bench: ${name} ended with status ${processes[n]?.exitCode}`)
      if (performance.now() > until) throw new Error(`bench: ${name} was not ready within ${readyWithinMs} ms`)
      await pause(50)
    }
  }
  return processes.map(({ pid }) => pid as number)
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/ready`).then(
    async (answer) => {
      await answer.arrayBuffer()
      return answer.ok
    },
    () => false,
  )
