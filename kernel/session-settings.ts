/** A statement that takes longer is stuck, not slow: checkout's longest takes milliseconds. */
export const statementTimeoutMs = 10_000
/** Waiting longer for a row means a queue that will not end before the caller's deadline. */
const lockTimeoutMs = 4_000

/** What every session of a service is set to, by PostgreSQL's names. Times are read with their zone cut off: they must be UTC. */
export const sessionSettings = (service: string): Readonly<Record<string, string>> => ({
  search_path: `${service}, extensions`,
  TimeZone: 'UTC',
  statement_timeout: `${statementTimeoutMs}ms`,
  lock_timeout: `${lockTimeoutMs}ms`,
  idle_in_transaction_session_timeout: `${statementTimeoutMs}ms`,
  // What is asked for by a key has an index. A plan that was made while its table was nearly empty would go on to read all of it, for as
  // long as the plan is kept: a shop whose first minute is its busiest would slow down with each order. It may still read all of an index,
  // so what comes many at once is looked up one by one: docs/decisions/0057-looked-up-one-by-one.md.
  enable_seqscan: 'off',
})
