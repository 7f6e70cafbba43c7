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
 * A statement that a connection parses and plans once and not at every call: for short statements that was most of the
 * database's work. Statements without values (`begin`, `commit`) cost nothing to parse.
 */
export function prepared(text: string, values: readonly unknown[]): pg.QueryConfig {
  const name = values.length > 0 ? nameOf(text) : null
  return { text, values: [...values], ...(name === null ? {} : { name }) }
}
