import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from './free-ports.ts'

/** Services that share processes, and in how many copies these run at first. */
export type Part = {
  readonly name: string
  readonly services: readonly string[]
  readonly copies: number
  /** The variable by which a process is told the port that its callers use; all answer for their health at `STOA_INTERNAL_PORT`. */
  readonly portVariable: 'STOA_INTERNAL_PORT' | 'PORT' | 'STOA_SANDBOX_PORT'
}

/** A process of a part. */
export type Copy = {
  /** The smallest number that no other copy of the part has now, from 1 on. */
  readonly number: number
  /** Such as `orders.2`. */
  readonly name: string
  readonly child: ChildProcess
  readonly pid: number
  /** Where callers reach it. */
  readonly port: number
  readonly healthPort: number
  readonly startedAt: number
  /** Whether callers are sent to it. */
  inRotation: boolean
  /** Whether they ever were. */
  wasReady: boolean
  /** Looks in a row at which it was not well. */
  sickLooks: number
  /** It goes on purpose: its end is no accident. */
  leaving: boolean
}

/** How callers find the copies. */
export type Door = {
  /** Callers are sent to it from now on. Where it throws, it is asked again at the next look. */
  admit(copy: Copy): Promise<void> | void
  /** Nobody is sent to it any more; resolves when those who are there have been served. */
  drain(copy: Copy): Promise<void> | void
  /** It is sick or gone: nobody is sent to it, and who is there is let go. */
  drop(copy: Copy): Promise<void> | void
}

/** The copies of a part, which are kept running as an orchestrator does it. */
export type Copies = {
  readonly part: Part
  readonly all: () => readonly Copy[]
  /** How many there shall be. */
  readonly wanted: () => number
  /** How often a process ended by accident and was started again. */
  readonly restarts: () => number
  /** Starts what is missing, and ends gently what is too much, the newest first. Resolves when they are started, or gone. */
  scale(count: number): Promise<void>
  untilReady(): Promise<void>
  /**
   * Replaces each copy, or each that `isOld`, by a new one: that one is ready before the old one is told to stop. Throws, and
   * leaves the rest as they are, when a new one does not become ready.
   * @returns resolves when the old ones are gone; whoever they still serve may be waiting for a slow provider
   */
  roll(isOld?: (copy: Copy) => boolean): Promise<{ readonly gone: Promise<unknown> }>
  stop(): Promise<void>
}

const lookEveryMs = 500
/** Until it was well for the first time it is looked at more often: it is waited for. */
const firstLooksEveryMs = 100
/** Looks that a copy may miss on a busy machine before it is taken out, as load balancers do it. */
const sickLooksToLeave = 3
const lookTimeoutMs = 2_000
/** One that was well is started again at once. */
const restartAfterMs = 200
/** A process that cannot start, its database being away, is not started in a tight loop. */
const restartAfterFailureMs = 1_000
/** Whoever has mended the cause does not want to wait. */
const restartAfterAtMostMs = 5_000
/** A dozen processes that start at once on two cores. */
const readyWithinMs = 120_000
/** Processes leave within 25 s by themselves. */
const stopWithinMs = 26_000
/** A port that was free may be taken before the new process has it, which is no reason to give a rollout up. */
const trialsAtMost = 3

/**
 * The place of a part's copies, empty at first.
 * @param options.launch starts a process; by then nobody has its ports
 */
export function openCopies(options: {
  readonly part: Part
  readonly door: Door
  readonly launch: (copy: Pick<Copy, 'name' | 'number' | 'port' | 'healthPort'>) => ChildProcess
}): Copies {
  const { part, door, launch } = options
  let copies: Copy[] = []
  let wanted = 0
  let restarts = 0
  let failuresInARow = 0
  let opening = 0
  let stopping = false

  const staying = (): Copy[] => copies.filter(({ leaving }) => !leaving)

  const open = async (onTrial: boolean): Promise<Copy> => {
    if (stopping) throw new Error(`${part.name} is being stopped`)
    opening += 1
    const [port, healthPort] = await portsOf(part).finally(() => {
      opening -= 1
    })
    const number = firstFree(copies)
    const named = { number, name: `${part.name}.${number}`, port, healthPort }
    const child = launch(named)
    // A process that has just ended cannot be told anything any more.
    child.on('error', () => undefined)
    const copy: Copy = {
      ...named,
      child,
      pid: child.pid ?? 0,
      startedAt: Date.now(),
      inRotation: false,
      wasReady: false,
      sickLooks: 0,
      leaving: false,
    }
    copies.push(copy)
    child.once('exit', () => void ended(copy, onTrial))
    void watch(copy)
    return copy
  }

  const ended = async (copy: Copy, onTrial: boolean): Promise<void> => {
    copies = copies.filter((one) => one !== copy)
    copy.inRotation = false
    await door.drop(copy)
    if (stopping || copy.leaving || (onTrial && !copy.wasReady)) return
    restarts += 1
    failuresInARow = copy.wasReady ? 0 : failuresInARow + 1
    await pause(restartPauseMs(failuresInARow))
    // It may have been scaled away meanwhile.
    if (!stopping && staying().length + opening < wanted) await open(false)
  }

  const watch = async (copy: Copy): Promise<void> => {
    while (copies.includes(copy)) {
      const well = await isReady(copy)
      copy.sickLooks = well ? 0 : copy.sickLooks + 1
      if (well && !copy.leaving && !copy.inRotation && copies.includes(copy)) {
        copy.inRotation = await admitted(copy)
        copy.wasReady ||= copy.inRotation
      } else if (copy.inRotation && copy.sickLooks >= sickLooksToLeave) {
        copy.inRotation = false
        await door.drop(copy)
      }
      await pause(copy.wasReady ? lookEveryMs : firstLooksEveryMs)
    }
  }

  const admitted = async (copy: Copy): Promise<boolean> => {
    try {
      await door.admit(copy)
      return true
    } catch {
      return false
    }
  }

  const retire = async (copy: Copy): Promise<void> => {
    copy.leaving = true
    copy.inRotation = false
    await door.drain(copy)
    await end(copy.child)
  }

  const tryNew = async (): Promise<void> => {
    for (let trial = 1; ; trial++) {
      const next = await open(true)
      const deadline = performance.now() + readyWithinMs
      while (!next.wasReady && copies.includes(next) && performance.now() < deadline) await pause(50)
      if (next.wasReady) return
      const howItWent = copies.includes(next) ? `was not ready within ${readyWithinMs / 1_000} s` : 'ended'
      await retire(next)
      if (trial === trialsAtMost || stopping) throw new Error(`${next.name}: the new copy ${howItWent}; see its log`)
    }
  }

  return {
    part,
    all: () => copies,
    wanted: () => wanted,
    restarts: () => restarts,
    async scale(count) {
      wanted = count
      const newestFirst = staying().toSorted((a, b) => b.startedAt - a.startedAt)
      const tooMany = newestFirst.slice(0, Math.max(0, newestFirst.length - count))
      const missing = Math.max(0, count - newestFirst.length - opening)
      await Promise.all([...Array.from({ length: missing }, () => open(false)), ...tooMany.map(retire)])
    },
    async untilReady() {
      const deadline = performance.now() + readyWithinMs
      while (copies.filter(({ inRotation }) => inRotation).length < wanted) {
        if (performance.now() > deadline)
          throw new Error(`${part.name} was not ready within ${readyWithinMs / 1_000} s; see its log`)
        await pause(50)
      }
    },
    async roll(isOld = () => true) {
      const leaving: Promise<void>[] = []
      for (const old of staying().filter(isOld)) {
        await tryNew()
        leaving.push(retire(old))
      }
      return { gone: Promise.all(leaving) }
    },
    async stop() {
      stopping = true
      await Promise.all(copies.map(({ child }) => end(child)))
    },
  }
}

async function portsOf({ portVariable }: Part): Promise<[port: number, healthPort: number]> {
  const [port, healthPort] = (await freePorts(2)) as [number, number]
  return portVariable === 'STOA_INTERNAL_PORT' ? [healthPort, healthPort] : [port, healthPort]
}

function firstFree(copies: readonly Copy[]): number {
  const taken = new Set(copies.map(({ number }) => number))
  for (let number = 1; ; number++) if (!taken.has(number)) return number
}

const restartPauseMs = (failuresInARow: number): number =>
  failuresInARow === 0
    ? restartAfterMs
    : Math.min(restartAfterFailureMs * 2 ** (failuresInARow - 1), restartAfterAtMostMs)

/** Tells a process to stop, and waits until it has. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(timer)
}

const isReady = ({ healthPort }: Copy): Promise<boolean> =>
  fetch(`http://127.0.0.1:${healthPort}/health/ready`, { signal: AbortSignal.timeout(lookTimeoutMs) }).then(
    async (answer) => {
      await answer.arrayBuffer()
      return answer.ok
    },
    () => false,
  )
