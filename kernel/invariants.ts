import T from 'typebox'
import { internal, query } from './contract.ts'

/** What one service found when it checked an invariant over its own data: design, section "Invariants". */
export const InvariantCheck = T.Object({
  /** I1 … I10. */
  invariant: T.String(),
  what: T.String(),
  checked: T.Integer({ minimum: 0, description: 'How many rows were judged.' }),
  violations: T.Array(T.String(), {
    description: 'The offending rows, by id, with the figures that do not agree; at most 100 are named.',
  }),
})
export type InvariantCheck = T.Static<typeof InvariantCheck>

/** Rows named at most for one check: enough to start looking, whatever the size of the disaster. */
export const violationsNamedAtMost = 100

/** The operation by which `stoa verify` asks a service. */
export const verifyOperation = (summary: string) =>
  query(null, {
    summary,
    access: internal,
    timeoutMs: 600_000,
    input: T.Object({}),
    output: T.Object({ checks: T.Array(InvariantCheck) }),
  })
