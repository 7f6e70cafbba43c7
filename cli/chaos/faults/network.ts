import type { Fault, Heal, Stage } from '../fault.ts'
import type { Link, LinkFault } from '../link.ts'
import { signal } from '../system.ts'

/** The wires behave so as long as the fault lasts. */
const wires =
  (linksOf: (stage: Stage) => readonly Link[], fault: LinkFault) =>
  async (stage: Stage): Promise<Heal> => {
    const links = linksOf(stage)
    for (const link of links) link.set(fault)
    return async () => {
      for (const link of links) link.set('pass')
      return []
    }
  }

const selling = ['orders', 'payments', 'inventory'] as const

/** A service cut off from its database and from its callers, by silence and by refusal. */
const cutOff: readonly Fault[] = selling.flatMap((service) => [
  {
    name: `partition-${service}-database`,
    rows: ['F23'],
    what: `nothing passes between ${service} and PostgreSQL, and neither is told; what was sent arrives when it is over`,
    secondsAtLeast: 12,
    backWithinSeconds: 15,
    inject: wires((stage) => [stage.ground.databaseLink(service)], 'hold'),
  },
  {
    name: `partition-${service}-callers`,
    rows: ['F23'],
    what: `nothing passes between ${service} and those who call it; what was sent arrives when it is over`,
    secondsAtLeast: 12,
    backWithinSeconds: 15,
    inject: wires((stage) => [stage.ground.group(service).link], 'hold'),
  },
])

export const networkFaults: readonly Fault[] = [
  ...cutOff,
  {
    name: 'partition-database',
    rows: ['F23'],
    what: 'PostgreSQL is refused to every service, and open connections are reset',
    backWithinSeconds: 15,
    inject: wires(
      ({ ground }) => ground.groups.map(({ part }) => ground.databaseLink(part.services[0] ?? '')),
      'refuse',
    ),
  },
  {
    name: 'partition-services',
    rows: ['F23'],
    what: 'the services cannot reach each other nor the provider: all connections between them are reset and refused',
    backWithinSeconds: 15,
    inject: wires(
      ({ ground }) => ground.groups.filter(({ part }) => part.name !== 'edge').map(({ link }) => link),
      'refuse',
    ),
  },
  {
    name: 'half-open-database',
    rows: ['F24'],
    what: 'connections to PostgreSQL die without a word: those of all services that sell, at one moment',
    backWithinSeconds: 30,
    inject: wires(({ ground }) => selling.map((service) => ground.databaseLink(service)), 'lost'),
  },
  {
    name: 'half-open-services',
    rows: ['F24'],
    what: 'connections between services die without a word, at one moment',
    backWithinSeconds: 30,
    inject: wires(({ ground }) => selling.map((service) => ground.group(service).link), 'lost'),
  },
  {
    name: 'answers-cut-off',
    rows: ['F24'],
    what: 'some answers of the shop to its buyers are cut off in the middle and the connection is reset',
    backWithinSeconds: 15,
    inject: wires(({ ground }) => [ground.group('edge').link], 'cut-answers'),
  },
  {
    name: 'answers-cut-off-inside',
    rows: ['F24'],
    what: 'the same between the services, and between payments and the provider',
    backWithinSeconds: 15,
    inject: wires(({ ground }) => [...selling, 'sandbox'].map((service) => ground.group(service).link), 'cut-answers'),
  },
  ...['orders', 'payments', 'inventory', 'edge'].map((service) => pausedProcess(service)),
]

/**
 * A copy stops and goes on later, as a machine that is moved or swaps: it believes that no time has passed and finishes what
 * others have taken over meanwhile. That is the partition in which both ends work.
 */
function pausedProcess(service: string): Fault {
  return {
    name: `paused-${service}`,
    rows: ['F23'],
    what: `SIGSTOP of a process of ${service}, longer than its lease; then it goes on as if nothing was`,
    // An order's lease is 25 s: after that another copy drives it.
    secondsAtLeast: service === 'orders' || service === 'payments' ? 30 : 8,
    backWithinSeconds: 15,
    inject: async ({ ground, random, note }) => {
      const group = ground.group(service)
      const { pid } = random.pick(group.copies())
      note(`SIGSTOP ${pid}`)
      signal(pid, 'SIGSTOP')
      return async () => {
        signal(pid, 'SIGCONT')
        await group.untilReady()
        return []
      }
    },
  }
}
