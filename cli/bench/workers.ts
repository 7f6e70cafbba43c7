import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Ending } from '../ending.ts'
import type { Answers, BareAddresses } from './bare.ts'
import type { Work, Worked } from './driver.ts'
import type { Held, HoldWork } from './holds.ts'
import { stopProcess } from './own-shop.ts'

/** Processes beside the shop's: who comes, and what the shop is compared with. */

function start(file: string, ending: Ending): ChildProcess {
  const child = fork(join(import.meta.dirname, file), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  ending.add(() => stopProcess(child))
  return child
}

export async function asked<Answer>(child: ChildProcess, message: object): Promise<Answer> {
  const given = new AbortController()
  const answer = once(child, 'message', { signal: given.signal })
  const gone = once(child, 'exit', { signal: given.signal }).then(([status]) => {
    throw new Error(`bench: a process ended with status ${status}`)
  })
  // Whichever comes second is of no interest any more.
  answer.catch(() => undefined)
  gone.catch(() => undefined)
  child.send(message)
  const [value] = await Promise.race([answer, gone])
  given.abort()
  return value as Answer
}

export type Driver = (work: Work) => Promise<Worked>

export function startDriver(ending: Ending): Driver {
  const child = start('driver.ts', ending)
  return (work) => asked<Worked>(child, work)
}

export async function startBare(answers: Answers, ending: Ending): Promise<BareAddresses & { readonly pid: number }> {
  const child = start('bare.ts', ending)
  const addresses = await asked<BareAddresses>(child, answers)
  return { ...addresses, pid: child.pid as number }
}

export async function holdInOneProcess(work: HoldWork, ending: Ending): Promise<Held> {
  const child = start('holds.ts', ending)
  try {
    return await asked<Held>(child, work)
  } finally {
    await stopProcess(child)
  }
}
