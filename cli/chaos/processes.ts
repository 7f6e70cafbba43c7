import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from '../free-ports.ts'
import { type Link, openLink } from './link.ts'
import type { Order } from './process.ts'

/** Services that share processes, and in how many copies these run. */
export type Part = {
  readonly name: string
  readonly services: readonly string[]
  readonly copies: number
  /** The variable by which a process is told the port that its callers use; all answer for their health at `STOA_INTERNAL_PORT`. */
  readonly portVariable: 'STOA_INTERNAL_PORT' | 'PORT' | 'STOA_SANDBOX_PORT'
}

/** A process of a part. */
export type Copy = {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly healthUrl: string
  /** Whether callers are sent to it. */
  inRotation: boolean
  /** Looks in a row at which it was not well. */
  sickLooks: number
  /** It is being replaced on purpose: its end is no accident. */
  leaving: boolean
}

export type ProcessGroup = {
  readonly part: Part
  /** Where callers reach it: balanced over the copies that are well. */
  readonly link: Link
  /** Starts the copies and keeps them running, as an orchestrator does. */
  start(environment: Readonly<Record<string, string>>): Promise<void>
  readonly copies: () => readonly Copy[]
  /** How often a process ended by accident and was started again. */
  readonly restarts: () => number
  tell(copy: Copy, order: Order): void
  untilReady(): Promise<void>
  /** Replaces each copy by a new one as a rollout does: the new one is ready before the old one is told to stop. */
  roll(): Promise<void>
  stop(): Promise<void>
}

const lookEveryMs = 500
/** Until it was well for the first time it is looked at more often: it is waited for. */
const firstLooksEveryMs = 100
/** Looks that a copy may miss on a busy machine before it is taken out, as load balancers do it. */
const sickLooksToLeave = 3
const lookTimeoutMs = 2_000
/** As an orchestrator: at once the first time. */
const restartAfterMs = 200
/** A process that cannot start, its database being away, is not started in a tight loop. */
const restartAfterFailureMs = 1_000
/** A dozen processes that start at once on two cores. */
const readyWithinMs = 120_000
/** Processes leave within 25 s by themselves. */
const stopWithinMs = 26_000

/** The place of a part: its address is known before its copies are started, and each part's processes know all addresses. */
export async function openGroup(part: Part, logFolder: string): Promise<ProcessGroup> {
  let environment: Readonly<Record<string, string>> = {}
  let copies: Copy[] = []
  let restarts = 0
  let stopping = false
  const link = await openLink(() => copies.filter(({ inRotation }) => inRotation).map(({ port }) => port))
  const log = openSync(join(logFolder, `${part.name}.log`), 'w')

  const spawnCopy = async (): Promise<Copy> => {
    const [port, healthPort] = (await freePorts(2)) as [number, number]
    const child = spawn(process.execPath, [join(import.meta.dirname, 'process.ts')], {
      env: {
        ...process.env,
        ...environment,
        STOA_SERVICES: part.services.join(),
        STOA_INTERNAL_PORT: String(healthPort),
        [part.portVariable]: String(part.portVariable === 'STOA_INTERNAL_PORT' ? healthPort : port),
        // So that a process that is told to use up its memory finds the end of it.
        NODE_OPTIONS: '--max-old-space-size=384 --disable-warning=ExperimentalWarning',
      },
      stdio: ['ignore', log, log, 'ipc'],
      // Ctrl-C reaches the command alone, which ends its processes in order.
      detached: true,
    })
    // A process that has just ended cannot be told anything any more.
    child.on('error', () => undefined)
    const copy: Copy = {
      child,
      pid: child.pid ?? 0,
      port: part.portVariable === 'STOA_INTERNAL_PORT' ? healthPort : port,
      healthUrl: `http://127.0.0.1:${healthPort}/health/ready`,
      inRotation: false,
      sickLooks: 0,
      leaving: false,
    }
    child.once('exit', () => void replace(copy, performance.now()))
    copies.push(copy)
    void watch(copy)
    return copy
  }
  const since = new WeakMap<Copy, number>()

  const replace = async (copy: Copy, endedAt: number): Promise<void> => {
    copies = copies.filter((one) => one !== copy)
    link.drop(copy.port)
    if (stopping || copy.leaving) return
    restarts += 1
    const wasUp = since.has(copy) && endedAt > (since.get(copy) ?? 0)
    await pause(wasUp ? restartAfterMs : restartAfterFailureMs)
    if (!stopping) await spawnCopy()
  }

  const watch = async (copy: Copy): Promise<void> => {
    while (copies.includes(copy)) {
      const well = await isReady(copy.healthUrl)
      copy.sickLooks = well ? 0 : copy.sickLooks + 1
      if (well && !copy.leaving) {
        copy.inRotation = true
        if (!since.has(copy)) since.set(copy, performance.now())
      } else if (copy.inRotation && copy.sickLooks >= sickLooksToLeave) {
        copy.inRotation = false
        link.drop(copy.port)
      }
      await pause(copy.inRotation || since.has(copy) ? lookEveryMs : firstLooksEveryMs)
    }
  }

  const untilReady = async (): Promise<void> => {
    const deadline = performance.now() + readyWithinMs
    while (copies.filter(({ inRotation }) => inRotation).length < part.copies) {
      if (performance.now() > deadline)
        throw new Error(`chaos: ${part.name} was not ready within ${readyWithinMs / 1_000} s; see its log`)
      await pause(50)
    }
  }

  return {
    part,
    link,
    async start(given) {
      environment = given
      await Promise.all(Array.from({ length: part.copies }, spawnCopy))
    },
    copies: () => copies,
    restarts: () => restarts,
    tell: (copy, order) => copy.child.send(order, () => undefined),
    untilReady,
    async roll() {
      for (const old of [...copies]) {
        const next = await spawnCopy()
        while (!next.inRotation && copies.includes(next)) await pause(50)
        old.leaving = true
        old.inRotation = false
        await end(old.child)
      }
    },
    async stop() {
      stopping = true
      await Promise.all(copies.map(({ child }) => end(child)))
      await link.close()
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(timer)
}

const isReady = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(lookTimeoutMs) }).then(
    async (answer) => {
      await answer.arrayBuffer()
      return answer.ok
    },
    () => false,
  )
