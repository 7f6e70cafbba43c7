import T from 'typebox'
import type { Operation, Refusal } from './contract.ts'

/** RFC 9457. `type` is stable and relative to the shop; what a program can act on stands beside it. */
export const Problem = T.Object(
  {
    type: T.String({ description: 'Stable name of the problem, such as /problems/inventory/insufficient-stock.' }),
    title: T.String(),
    status: T.Integer(),
    detail: T.Optional(T.String({ description: 'What and where, in a sentence for a person.' })),
    errors: T.Optional(
      T.Array(T.Object({ field: T.String(), message: T.String() }), {
        description: 'Each field that was refused, as a path.',
      }),
    ),
    traceId: T.Optional(T.String({ description: 'Quote this when asking for help.' })),
  },
  { title: 'Problem', additionalProperties: true },
)
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly [extension: string]: unknown
}

/** What the kernel itself refuses before or around a use case. Thrown, since no use case could act on it. */
export class ProblemError extends Error {
  readonly problem: Problem
  readonly retryAfterSeconds: number | null
  constructor(problem: Problem, retryAfterSeconds: number | null = null) {
    super(`${problem.type}: ${problem.detail ?? problem.title}`)
    this.name = 'ProblemError'
    this.problem = problem
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** @param name the last part of `/problems/…`, in words with dashes; the title is made from it */
export function problem(
  name: string,
  status: number,
  detail: string,
  extensions: Record<string, unknown> = {},
): Problem {
  const words = (name.split('/').at(-1) ?? name).replaceAll('-', ' ')
  return {
    type: `/problems/${name}`,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    detail,
    ...extensions,
  }
}

/** A declared refusal as a problem: only the kernel knows status codes. */
function refusalProblem(operation: Operation, refusal: Refusal): Problem {
  const declared = operation.refusals[refusal.type]
  if (declared === undefined)
    throw new Error(`contract: refusal ${refusal.type} is not declared by "${operation.summary}"`)
  const status = typeof declared === 'number' ? declared : declared[0]
  const data =
    typeof refusal.data === 'object' && refusal.data !== null ? (refusal.data as Record<string, unknown>) : {}
  return problem(refusal.type, status, refusal.detail, data)
}

/** The same to be sent: "not now" says when to come again. */
export function refusalError(operation: Operation, refusal: Refusal): ProblemError {
  const told = refusalProblem(operation, refusal)
  const { retryAfterSeconds } = told as { retryAfterSeconds?: number }
  return new ProblemError(told, told.status === 503 ? (retryAfterSeconds ?? 1) : null)
}

/** For callers that can go on without: the value, or that nobody could give it. */
export function orUnavailable<V>(asked: Promise<V>): Promise<V | 'unavailable'> {
  return asked.catch((error: unknown) => {
    if (error instanceof ProblemError && error.problem.status === 503) return 'unavailable' as const
    throw error
  })
}

export const validationFailed = (errors: readonly { field: string; message: string }[]): ProblemError =>
  new ProblemError(
    problem(
      'validation-failed',
      422,
      errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; '),
      {
        errors,
      },
    ),
  )

export const notFound = (what: string): ProblemError =>
  new ProblemError(problem('not-found', 404, `There is no ${what}.`))
export const gone = (detail: string): ProblemError => new ProblemError(problem('gone', 410, detail))
export const unauthenticated = (): ProblemError =>
  new ProblemError(problem('unauthenticated', 401, 'Sign in first: this needs a session cookie or a bearer token.'))
/** Of another service, whose token is not one that counts here and now. `now` tells it what time it is here, in epoch milliseconds. */
export const serviceTokenType = '/problems/service-token-refused'
export const serviceTokenRefused = (now: number): ProblemError =>
  new ProblemError(problem('service-token-refused', 401, 'This port is for services that show a valid token.', { now }))
export const forbidden = (detail: string): ProblemError => new ProblemError(problem('forbidden', 403, detail))
export const rateLimited = (seconds: number): ProblemError =>
  new ProblemError(problem('rate-limited', 429, `Too many attempts. Try again in ${seconds} s.`), seconds)
/** Turned away before anything was done, because more is asked than can be done: asking again at once makes it worse. */
export const overloadedProblem = problem(
  'overloaded',
  503,
  'More is asked of the shop than it can do. Try again later.',
)
export const overloadedType = overloadedProblem.type
export const overloaded = (seconds: number): ProblemError => new ProblemError(overloadedProblem, seconds)
export const unavailable = (detail: string, seconds = 1): ProblemError =>
  new ProblemError(problem('unavailable', 503, detail), seconds)

export const keyReused = (): ProblemError =>
  new ProblemError(
    problem('idempotency-key-reused', 422, 'This Idempotency-Key was used with another request. Use a new key.'),
  )
export const keyInProgress = (): ProblemError =>
  new ProblemError(
    problem('idempotency-key-in-progress', 409, 'The first request with this Idempotency-Key still runs. Try again.'),
    1,
  )
