import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { startError } from '#kernel/data-folder'
import { end } from '../copies.ts'
import type { ProcessList } from './leftovers.ts'

const startWithinMs = 30_000
const restartAfterMs = 500

/**
 * Runs a program of somebody else's that all copies need, and starts it again whenever it ends by itself.
 * @param options.answers whether it does what it is there for
 * @param options.onRestarted puts right what it has forgotten
 * @throws `engine-refused` when it does not answer in time
 */
export async function keepEngine(options: {
  readonly name: string
  readonly parameters: readonly string[]
  readonly processes: ProcessList
  readonly answers: () => Promise<boolean>
  readonly onLine: (line: string) => void
  readonly isWorthALine: (line: string) => boolean
  readonly onRestarted: () => Promise<unknown>
}): Promise<{ stop(): Promise<void> }> {
  const { name, onLine, processes } = options
  let child: ChildProcess
  let stopping = false

  const run = async (): Promise<void> => {
    const mine = spawn(name, options.parameters, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    child = mine
    const pid = mine.pid ?? 0
    processes.add(pid)
    for (const stream of [mine.stdout, mine.stderr])
      createInterface(stream).on('line', (text) => options.isWorthALine(text) && onLine(text))
    mine.once('exit', () => {
      processes.remove(pid)
      if (!stopping) void pause(restartAfterMs).then(restart)
    })
    const deadline = performance.now() + startWithinMs
    while (!(await options.answers())) {
      if (mine.exitCode !== null || performance.now() > deadline)
        throw startError('engine-refused', `${name} did not start; what it said stands above.`)
      await pause(20)
    }
  }

  const restart = async (): Promise<void> => {
    if (stopping) return
    onLine('ended unexpectedly and is started again')
    // One that ends before it answers is started once more by its own end.
    await run()
      .then(options.onRestarted)
      .catch((error: Error) => onLine(error.message))
  }

  try {
    await run()
  } catch (error) {
    stopping = true
    throw error
  }
  return {
    async stop() {
      stopping = true
      await end(child)
    },
  }
}
