import type pg from 'pg'
import { prepared } from './prepared-statements.ts'
import { kindOf, type Span } from './tracing.ts'

/** Ends the text of a statement from which nobody learns anything before the next one: see `later` in `database.ts`. */
export const laterMark = '/* leaves with what follows */'

/**
 * What waits for the next statement of its transaction, and leaves with it in one write: a begin, and writes without an answer. Each
 * alone would be a round trip for nothing, the last of them one while rows are locked.
 */
export type Pipeline = {
  begin(text: string): void
  hold(text: string, values: readonly unknown[]): void
  /**
   * Whether a transaction's end has to be sent: not when its begin was not, and nothing waits that shall commit. What waits is
   * forgotten by a rollback.
   */
  leavesWith(ending: 'commit' | 'rollback'): boolean
  /**
   * Sends what waits and then `text`. Rejects with the first error: PostgreSQL refuses what follows it, and a commit behind it
   * commits nothing.
   */
  send(text: string, values: readonly unknown[]): Promise<pg.QueryResult>
}

type Statement = { readonly text: string; readonly values: readonly unknown[] }

/** @param startSpan a span of a trace that is recorded, for a statement */
export function pipelineOf(client: pg.PoolClient, startSpan: (text: string) => Span | null): Pipeline {
  let unsaid: string | null = null
  let held: Statement[] = []

  const told = async ({ text, values }: Statement): Promise<pg.QueryResult> => {
    const span = startSpan(text)
    try {
      // With a promise of pg's own, whose callback knows the query, V8 takes the rows for something that stays.
      const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>()
      client.query(prepared(text, values), (error, result) => (error ? reject(error) : resolve(result)))
      return await promise
    } catch (error) {
      span?.fail(kindOf(error))
      throw error
    } finally {
      span?.end()
    }
  }

  return {
    begin(text) {
      unsaid = text
    },
    hold(text, values) {
      held.push({ text, values })
    },
    leavesWith(ending) {
      if (ending === 'rollback') held = []
      if (unsaid === null || held.length > 0) return true
      unsaid = null
      return false
    },
    async send(text, values) {
      const statements = [...held, { text, values }]
      const begin = unsaid
      unsaid = null
      held = []
      const { stream } = client.connection
      stream.cork()
      const sent = [...(begin === null ? [] : [client.query(begin)]), ...statements.map(told)]
      stream.uncork()
      const results = await Promise.all(sent)
      return results.at(-1) as pg.QueryResult
    },
  }
}
