import type { Copy } from '../../copies.ts'
import { type Fault, type Heal, repeatedly, type Stage } from '../fault.ts'
import type { ProcessGroup } from '../processes.ts'
import { signal } from '../system.ts'

/** One copy dies every so often: the next one is hardly up again. */
const killEveryMs = 4_000

/** Processes by the service for which they are known, and the rows of the list that ask for their death. */
const victims: Readonly<Record<string, readonly string[]>> = {
  edge: ['F1'],
  cart: ['F2'],
  pricing: ['F3'],
  inventory: ['F4'],
  payments: ['F5'],
  orders: ['F6'],
  catalog: ['F29'],
  search: ['F29'],
  notifications: ['F8'],
  identity: ['F8'],
  sandbox: ['F22'],
}
/** Those without which the shop still sells. */
const notNeeded = new Set(['search', 'notifications'])

export const kills: readonly Fault[] = Object.entries(victims).map(([service, rows]) => ({
  name: `kill-${service}`,
  rows,
  what: `kill -9 of a process that hosts ${service === 'identity' ? 'identity and shipping' : service}, at random times`,
  ...(notNeeded.has(service) ? { sellsMeanwhile: true } : {}),
  backWithinSeconds: 10,
  inject: (stage) => killNowAndThen(stage, [stage.ground.group(service)]),
}))

export const killAnything: Fault = {
  name: 'kill-anything',
  rows: ['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8'],
  what: 'kill -9 of any process at all, at random times',
  backWithinSeconds: 15,
  inject: (stage) => killNowAndThen(stage, stage.ground.groups),
}

async function killNowAndThen(stage: Stage, groups: readonly ProcessGroup[]): Promise<Heal> {
  const killing = repeatedly(stage, killEveryMs, async () => {
    const copy = stage.random.pick(groups).copies()
    const victim = copy.length > 0 ? stage.random.pick(copy) : null
    if (!victim) return
    stage.note(`kill -9 ${victim.pid}`)
    signal(victim.pid, 'SIGKILL')
  })
  return async () => {
    await killing.end()
    await Promise.all(groups.map((one) => one.untilReady()))
    return []
  }
}

/** Where a process dies with something half done, as the services and the relay name the places. */
export const crashPlaces = {
  orders: [
    'order-inserted',
    'stock-reserved',
    'coupons-redeemed',
    'money-asked',
    'order-decided',
    'attempt-closed',
    'stock-released',
    'coupons-returned',
    'money-returned',
    'events-delivered',
  ],
  payments: [
    'attempt-committed',
    'attempt-answered',
    'operation-committed',
    'operation-answered',
    'callback-kept',
    'events-delivered',
  ],
} as const

const rowsOfPlace: Readonly<Record<string, readonly string[]>> = {
  'attempt-answered': ['F5', 'F9'],
  'money-asked': ['F6', 'F9'],
  'events-delivered': ['F7'],
}

export const crashes: readonly Fault[] = Object.entries(crashPlaces).flatMap(([service, points]) =>
  points.map((point) => ({
    name: `crash-${service}-${point}`,
    rows: rowsOfPlace[point] ?? [service === 'orders' ? 'F6' : 'F5'],
    what: `kill -9 of ${service} by itself at "${point}"`,
    backWithinSeconds: 10,
    inject: (stage: Stage) => dieAtPlace(stage, service, point),
  })),
)

/** A copy dies there at one of its first so many passages. */
const passagesAtMost = 4
/** Unpaid orders are given up after a minute, and only then are some places passed. */
const reachedWithinMs = 90_000

async function dieAtPlace(stage: Stage, service: string, point: string): Promise<Heal> {
  const group = stage.ground.group(service)
  const before = group.restarts()
  const armed = new WeakSet<Copy>()
  const arming = repeatedly(stage, 300, async () => {
    for (const copy of group.copies()) {
      if (armed.has(copy) || !copy.inRotation) continue
      armed.add(copy)
      group.tell(copy, { do: 'die-at', service, point, passage: 1 + stage.random.below(passagesAtMost) })
    }
  })
  return async () => {
    const deadline = Date.now() + reachedWithinMs
    while (group.restarts() === before && Date.now() < deadline) await new Promise((done) => setTimeout(done, 100))
    await arming.end()
    const died = group.restarts() - before
    stage.note(`died ${died} times`)
    // Those that are still armed would die in the middle of another fault.
    for (const copy of group.copies()) if (armed.has(copy)) signal(copy.pid, 'SIGKILL')
    await new Promise((done) => setTimeout(done, 500))
    await group.untilReady()
    return [
      {
        invariant: 'fault',
        what: `${service} died at ${point}`,
        checked: died,
        violations: died > 0 ? [] : ['nobody passed there'],
      },
    ]
  }
}
