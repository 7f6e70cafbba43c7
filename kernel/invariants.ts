import T from 'typebox'
import { internal, query } from './contract.ts'
import { Cursor, Nullable } from './fields.ts'

/** What one service found when it checked an invariant over its own data: design, section "Invariants". */
export const InvariantCheck = T.Object({
  /** I1 … I10. */
  invariant: T.String(),
  what: T.String(),
  checked: T.Integer({ minimum: 0, description: 'How many rows were judged.' }),
  violated: T.Integer({ minimum: 0, description: 'How many of them do not hold.' }),
  violations: T.Array(T.String(), {
    description: 'The offending rows, by id, with the figures that do not agree; at most 100 are named.',
  }),
  figures: T.Optional(
    T.Record(T.String(), T.Number(), { description: 'What is worth knowing beside it; of several parts the largest.' }),
  ),
  notCompared: T.Optional(
    T.String({ description: 'Why it could not be judged, or not wholly: then it is not known to hold.' }),
  ),
})
export type InvariantCheck = T.Static<typeof InvariantCheck>

/** Rows named at most for one check: enough to start looking, whatever the size of the disaster. */
export const violationsNamedAtMost = 100

export const holds = ({ violated, notCompared }: InvariantCheck): boolean => violated === 0 && notCompared === undefined

/**
 * The operation by which `stoa verify` asks a service, part after part: a call judges a page of rows, or answers one question
 * over all of them, so that neither the service nor a message grows with the shop.
 */
export const verifyOperation = (summary: string) =>
  query(null, {
    summary,
    access: internal,
    timeoutMs: 600_000,
    input: T.Object({ cursor: Cursor }),
    output: T.Object({ checks: T.Array(InvariantCheck), nextCursor: Nullable(T.String()) }),
  })

/** Puts the checks of several parts together: the same question is one line, with all that was found. */
export function together(checks: Iterable<InvariantCheck>): InvariantCheck[] {
  const all = new Map<string, InvariantCheck>()
  for (const check of checks) {
    const name = `${check.invariant} ${check.what}`
    const known = all.get(name)
    all.set(name, known ? both(known, check) : check)
  }
  return [...all.values()]
}

function both(one: InvariantCheck, other: InvariantCheck): InvariantCheck {
  const notCompared = one.notCompared ?? other.notCompared
  const figures = { ...one.figures }
  for (const [name, value] of Object.entries(other.figures ?? {}))
    figures[name] = Math.max(figures[name] ?? value, value)
  return {
    ...one,
    checked: one.checked + other.checked,
    violated: one.violated + other.violated,
    violations: [...one.violations, ...other.violations].slice(0, violationsNamedAtMost),
    ...(one.figures || other.figures ? { figures } : {}),
    ...(notCompared === undefined ? {} : { notCompared }),
  }
}

type Verify = (input: {
  cursor?: string
}) => Promise<
  | { readonly ok: true; readonly value: { readonly checks: readonly unknown[]; readonly nextCursor: string | null } }
  | { readonly ok: false }
>

/** Asks a service for all its parts, one after the other. Throws when it does not answer: silence is not health. */
export async function verified(verify: Verify): Promise<InvariantCheck[]> {
  let checks: InvariantCheck[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const part = await verify(cursor === '' ? {} : { cursor })
    if (!part.ok) throw new Error('verify: a service refused to check itself')
    checks = together([...checks, ...(part.value.checks as InvariantCheck[])])
    cursor = part.value.nextCursor
  }
  return checks
}
