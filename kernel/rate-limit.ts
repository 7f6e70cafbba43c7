import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Database, sql } from './database.ts'

/** Where a call was counted, and what that means for it. */
export type Place = {
  readonly bucket: string
  /** Start of the window, as the database writes it. */
  readonly window: string
  /** Seconds until the window ends, or null while within the limit. */
  readonly waitSeconds: number | null
}

/** Counts calls in the service's own schema, so that every copy of the service sees the same count. */
export type RateLimiter = {
  /** Adds one to the bucket's count in the current window. */
  count(bucket: string, max: number, perSeconds: number): Promise<Place>
  /** Takes one back from where it was counted. */
  giveBack(place: Place): Promise<void>
}

/**
 * The network that an address counts for. Of IPv6 it is the first 64 bits: a line or a rented machine has all addresses below them
 * (RFC 4291, 2.5.4; RIPE-690), and whoever takes another one for each guess would never be counted.
 */
export function networkOf(address: string): string {
  if (isIP(address) === 0) return address
  const plain = ipaddr.process(address)
  return plain.kind() === 'ipv4' ? plain.toString() : ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()
}

export function rateLimiter(db: Database): RateLimiter {
  return {
    async count(bucket, max, perSeconds) {
      const { rows } = await sql<{ count: number; left: number; window: string }>`
        insert into rate_limits as r (bucket, window_start, count)
        values (${bucket}, to_timestamp(floor(extract(epoch from now()) / ${perSeconds}::int) * ${perSeconds}::int), 1)
        on conflict (bucket, window_start) do update set count = r.count + 1
        returning count, (extract(epoch from window_start) + ${perSeconds}::int - extract(epoch from now()))::float8 as left,
          window_start::text as window`.execute(db)
      const { count = 0, left = 0, window = '' } = rows[0] ?? {}
      return { bucket, window, waitSeconds: count > max ? Math.max(1, Math.ceil(left)) : null }
    },
    async giveBack({ bucket, window }) {
      await sql`
        update rate_limits set count = count - 1
        where bucket = ${bucket} and window_start = ${window}::timestamptz and count > 0`.execute(db)
    },
  }
}
