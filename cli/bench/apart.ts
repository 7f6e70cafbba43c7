import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { inDatabase } from '#kernel/database-address'
import { startEmbeddedPostgres } from '#kernel/embedded-postgres'
import { allServiceNames } from '../../services/names.ts'
import { postmasterOf } from '../chaos/system.ts'
import { hostable } from '../environment.ts'
import { freePorts } from '../free-ports.ts'
import type { RunOptions } from './measure-row.ts'
import { withClient } from './meter.ts'
import { costOfOrders } from './order-cost.ts'
import { environmentOf, program, stopProcess } from './own-shop.ts'
import type { Report } from './report.ts'
import { buyersCounted } from './selling.ts'
import type { Goods } from './visits.ts'
import type { Driver } from './workers.ts'

/** Eleven processes on two busy cores take a while. */
const readyWithinMs = 180_000

/** What an order costs where each service is a process of its own, on the data of a shop that has stopped. */
export async function measureApart(options: RunOptions, driver: Driver, goods: Goods): Promise<Report['apart']> {
  const { dataFolder, port, ending, seconds } = options
  const postgres = await startEmbeddedPostgres({ dataFolder })
  ending.add(postgres.stop)
  const postmaster = await postmasterOf(dataFolder)
  const databaseUrl = inDatabase(postgres.url, 'stoa')
  const pids = await startProcesses(options, databaseUrl)
  const drive = (from: number, forSeconds: number) =>
    driver({
      base: `http://127.0.0.1:${port}`,
      visit: 'three-requests',
      goods,
      seconds: forSeconds,
      load: { atOnce: buyersCounted },
      from,
    })
  // As long as all rounds of the shop in one process together; and as long before it is counted, since every process has just started.
  const lasts = seconds * options.rounds
  const warm = await drive(0, lasts)
  return withClient(databaseUrl, async (database) => {
    const cost = await costOfOrders({ pids, postmaster, database }, async () => {
      const sold = await drive(warm.visits, lasts)
      if (sold.visits === 0)
        throw new Error(`bench: nothing was sold by services apart: ${JSON.stringify(sold.failures)}`)
      return sold
    })
    return { processes: pids.length, ...cost }
  })
}

async function startProcesses({ dataFolder, port, ending }: RunOptions, databaseUrl: string): Promise<number[]> {
  // One more for the payment provider of the sandbox, which runs beside payments.
  const [sandboxPort, ...ports] = await freePorts(hostable.length + 1)
  const portOf = new Map(hostable.map((name, n) => [name, ports[n] as number]))
  const urls = allServiceNames.map((name) => [`STOA_${name.toUpperCase()}_URL`, `http://127.0.0.1:${portOf.get(name)}`])
  const processes = hostable.map((name) =>
    spawn(process.execPath, [program, 'start', '--services', name], {
      env: {
        ...environmentOf(dataFolder, port),
        ...Object.fromEntries(urls),
        DATABASE_URL: databaseUrl,
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
