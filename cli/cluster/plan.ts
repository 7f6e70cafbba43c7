import type { Part } from '../copies.ts'
import { ConfigurationError, hostable } from '../environment.ts'

/**
 * What takes part in selling is apart, where it can be scaled and broken by itself; what a laptop has no need to take apart shares
 * processes, for each costs a hundred megabytes and a second of a core to start.
 */
const usualGroups = 'edge,orders,payments,inventory,catalog+search+pricing+cart,identity+shipping+notifications'

/** Copies of one part on one machine: two cores are busy with far fewer, and each may open as many connections as all of a shop. */
export const copiesAtMost = 16

/**
 * Which processes there shall be.
 * @param options.groups `orders,payments+inventory`: services that share processes; `each` is a process for each
 * @param options.copies `2` for all, or `edge=2,orders=3`
 * @param options.sandbox whether the sandbox provider runs, in a process of its own: it plays somebody outside of the shop
 * @throws ConfigurationError with every fault
 */
export function planOf(options: {
  readonly groups: string | undefined
  readonly copies: string | undefined
  readonly sandbox: boolean
}): Part[] {
  const faults: string[] = []
  const groups = (options.groups === 'each' ? hostable.join() : (options.groups ?? usualGroups))
    .split(',')
    .map((group) => group.split('+').map((name) => name.trim()))
  const named = groups.flat()
  for (const name of named) {
    if (!hostable.includes(name)) faults.push(`--groups names "${name}"; services are ${hostable.join(', ')}`)
    else if (named.indexOf(name) !== named.lastIndexOf(name)) faults.push(`--groups names ${name} twice`)
  }
  if (groups.some((group) => group.includes('edge') && group.length > 1))
    faults.push(
      '--groups puts services beside edge, but the public door has processes of its own: it is scaled by who comes',
    )
  const left = hostable.filter((name) => !named.includes(name))
  if (left.length > 0) faults.push(`--groups leaves out ${[...new Set(left)].join(', ')}`)
  const counts = readCopies(options.copies, '--copies', faults)
  if (faults.length > 0) throw new ConfigurationError([...new Set(faults)])
  const parts = groups.map((services): Part => {
    const given = services.map((name) => counts.get(name)).filter((count) => count !== undefined)
    return {
      name: services[0] ?? '',
      services,
      copies: Math.max(...(given.length > 0 ? given : [counts.get('all') ?? 1])),
      portVariable: services.includes('edge') ? 'PORT' : 'STOA_INTERNAL_PORT',
    }
  })
  return options.sandbox
    ? [...parts, { name: 'sandbox', services: ['sandbox'], copies: 1, portVariable: 'STOA_SANDBOX_PORT' }]
    : parts
}

/** Reads `2` or `edge=2,orders=3`. What is wrong with it is added to `faults`. */
export function readCopies(text: string | undefined, what: string, faults: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of text?.split(',') ?? []) {
    const [name = '', given] = one.includes('=') ? one.split('=').map((side) => side.trim()) : ['all', one.trim()]
    const count = Number(given)
    if (name !== 'all' && !hostable.includes(name))
      faults.push(`${what} names "${name}"; services are ${hostable.join(', ')}`)
    else if (!Number.isInteger(count) || count < 1 || count > copiesAtMost)
      faults.push(`${what} is "${one}", but copies are a whole number from 1 to ${copiesAtMost}`)
    else counts.set(name, count)
  }
  return counts
}
