import { type Database, sql } from './database.ts'

/** Counts calls in the service's own schema, so that every copy of the service sees the same count. */
export type RateLimiter = {
  /** Adds one to the bucket's count in the current window. @returns seconds until the window ends, or null while within the limit. */
  count(bucket: string, max: number, perSeconds: number): Promise<number | null>
  /** The same without adding. */
  check(bucket: string, max: number, perSeconds: number): Promise<number | null>
}

export function rateLimiter(db: Database): RateLimiter {
  const windowStart = (perSeconds: number) =>
    sql`to_timestamp(floor(extract(epoch from now()) / ${perSeconds}::int) * ${perSeconds}::int)`
  const verdict = (row: { count: number; left: number } | undefined, max: number, added: number): number | null =>
    row && row.count + (1 - added) > max ? Math.max(1, Math.ceil(row.left)) : null
  return {
    async count(bucket, max, perSeconds) {
      const { rows } = await sql<{ count: number; left: number }>`
        insert into rate_limits as r (bucket, window_start, count) values (${bucket}, ${windowStart(perSeconds)}, 1)
        on conflict (bucket, window_start) do update set count = r.count + 1
        returning count, (extract(epoch from window_start) + ${perSeconds}::int - extract(epoch from now()))::float8 as left`.execute(
        db,
      )
      return verdict(rows[0], max, 1)
    },
    async check(bucket, max, perSeconds) {
      const { rows } = await sql<{ count: number; left: number }>`
        select count, (extract(epoch from window_start) + ${perSeconds}::int - extract(epoch from now()))::float8 as left
        from rate_limits where bucket = ${bucket} and window_start = ${windowStart(perSeconds)}`.execute(db)
      return verdict(rows[0], max, 0)
    },
  }
}
