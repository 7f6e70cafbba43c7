import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type pg from 'pg'

/**
 * Texts that are prepared at most, in a process. Ours are some hundreds, since values are parameters; a text that is put together
 * of parts beyond that is sent as it is, or a server would keep plans of statements that never come again.
 */
const statementsAtMost = 1_000

const names = new Map<string, string>()

/** The name under which a text is prepared in every connection of this process, or null beyond the ceiling. */
function nameOf(text: string): string | null {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size === statementsAtMost) return null
  const name = `stoa_${names.size + 1}`
  names.set(text, name)
  return name
}

/**
 * A pool whose connections parse and plan a statement once and not at every call: for short statements that was most of the
 * database's work. Statements without values (`begin`, `commit`) cost nothing to parse.
 */
export function preparing(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  const wrap = (client: pg.PoolClient): PostgresPoolClient => {
    function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>
    function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
    function query(text: unknown, values: readonly unknown[] = []): unknown {
      if (typeof text !== 'string') throw new Error('database: results are read whole, not by cursor')
      const name = values.length > 0 ? nameOf(text) : null
      return client.query({ text, values: [...values], ...(name === null ? {} : { name }) })
    }
    return { query, release: (destroy) => client.release(destroy) }
  }
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const known = wrapped.get(client) ?? wrap(client)
      wrapped.set(client, known)
      return known
    },
  }
}
