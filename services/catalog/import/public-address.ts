import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Whether an address may be connected to when somebody else chose it. */
export type Permit = (address: string) => boolean

/** IANA gives out IPv6 addresses of the public internet from this range only. */
const globalIpv6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

/**
 * Whether an IP address is one of the public internet: not private, loopback, link-local (clouds keep their metadata
 * there), shared, reserved, multicast, nor an IPv6 address that stands for such an IPv4 one.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.process(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(...globalIpv6)
}

/** The name under which a URL's host is written as an address, without brackets; null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? null : bare
}

export class ForbiddenAddress extends Error {}

/**
 * Looks a host up as Node does, and refuses it when one of its addresses is not permitted. What is looked up here is what
 * is connected to: a name that answers differently the second time gains nothing.
 */
export const guardedLookup =
  (permit: Permit, lookup: LookupLike = resolve): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true } as LookupOptions & { all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const forbidden = addresses.find(({ address }) => !permit(address))
      if (forbidden || addresses.length === 0) {
        return callback(new ForbiddenAddress(`${hostname} leads to ${forbidden?.address ?? 'nothing'}`), [])
      }
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first?.address ?? '', first?.family ?? 4)
    })
  }

type LookupLike = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void
