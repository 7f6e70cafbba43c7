import { setTimeout as pause } from 'node:timers/promises'
import { type CrashPoint, crashPoints } from '#kernel/crash-point'
import { readEnvironment } from '../environment.ts'
import { installClock, setClock } from './clock.ts'

// A process of the shop that `stoa chaos` breaks: as `stoa start`, and it does to itself what nobody can do to it from outside.

/** What a process is told to do to itself. */
export type Order =
  | { readonly do: 'die-at'; readonly service: string; readonly point: string; readonly passage: number }
  | { readonly do: 'set-clock'; readonly offsetMs: number }
  /** Nothing else runs meanwhile: the event loop is blocked. */
  | { readonly do: 'block'; readonly ms: number }
  /** Takes memory until there is none. */
  | { readonly do: 'hoard' }

/** So much a bite: the heap is full within seconds, and the process answers in between. */
const biteNumbers = 1_000_000

async function obey(order: Order): Promise<void> {
  if (order.do === 'set-clock') setClock(order.offsetMs)
  if (order.do === 'block') for (const until = performance.now() + order.ms; performance.now() < until; );
  if (order.do === 'die-at') dieAt(order)
  if (order.do === 'hoard') {
    for (const kept: number[][] = []; ; await pause(50))
      kept.push(Array.from({ length: biteNumbers }, () => Math.random()))
  }
}

/** Dies in the middle of the passage, as if the machine's power went: no handler, no answer, no rollback of ours. */
function dieAt({ service, point, passage }: Order & { do: 'die-at' }): void {
  let passages = 0
  crashPoints.subscribe((passed) => {
    const place = passed as CrashPoint
    if (place.service !== service || place.point !== point) return
    passages += 1
    if (passages === passage) process.kill(process.pid, 'SIGKILL')
  })
}

installClock()
process.on('message', (order: Order) => void obey(order))
// However the command ends, nothing that it started outlives it.
process.on('disconnect', () => process.exit(1))
// Loaded last, so that nobody keeps the clock that cannot be moved.
const { start } = await import('../start.ts')
await start(readEnvironment(process.env), import.meta.dirname)
