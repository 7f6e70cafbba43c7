import type { Static } from 'typebox'
import type { Contract, DeepReadonly } from '../../../kernel/contract.ts'

/** What an operation of a contract answers: the admin is typed from the services' own declarations. */
export type Answer<C extends Contract, K extends keyof C['operations']> = DeepReadonly<
  Static<C['operations'][K]['output']>
>

export type FieldError = { readonly field: string; readonly message: string }

/** A refusal of the API, as RFC 9457 tells it. */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly fields: readonly FieldError[]
  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `The shop answered ${status}.`)
    this.status = status
    this.type = problem.type ?? 'about:blank'
    // A refusal names the one field it is about; a validation error lists all that are wrong.
    this.fields = problem.errors ?? (problem.field ? [{ field: problem.field, message: this.message }] : [])
  }

  /** Whether the shop decided. Otherwise (no answer, or an error of its own) what was asked for may have happened. */
  get isDecided(): boolean {
    return this.status >= 400 && this.status < 500
  }
}

type Problem = {
  readonly type?: string
  readonly title?: string
  readonly detail?: string
  readonly field?: string
  readonly errors?: readonly FieldError[]
}

/** The messages about `field` or what is within it. */
export const errorsOf = (errors: readonly FieldError[], field: string): readonly FieldError[] =>
  errors.filter((one) => one.field === field || one.field.startsWith(`${field}/`))

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`
}

export const get = <A>(path: string, query?: Query): Promise<A> => send<A>('GET', withQuery(path, query))

/**
 * Sends a command. `key` names what the person wants done once: the same key for the same intent makes a second click, or
 * a retry after a broken connection, harmless.
 */
export const post = <A>(path: string, body: unknown, key: string = crypto.randomUUID()): Promise<A> =>
  send<A>('POST', path, JSON.stringify(body), { 'content-type': 'application/json', 'idempotency-key': key })

export const put = <A>(path: string, body: unknown): Promise<A> =>
  send<A>('PUT', path, JSON.stringify(body), { 'content-type': 'application/json' })
export const patch = <A>(path: string, body: unknown): Promise<A> =>
  send<A>('PATCH', path, JSON.stringify(body), { 'content-type': 'application/json' })
export const putText = <A>(path: string, text: string, type: string): Promise<A> =>
  send<A>('PUT', path, text, { 'content-type': type })

/** Sends a file as it is; its type goes along. The same file twice has the effect of once. */
export const postFile = <A>(path: string, file: File): Promise<A> =>
  send<A>('POST', path, file, { 'content-type': file.type || 'application/octet-stream' })

async function send<A>(
  method: string,
  path: string,
  body?: BodyInit,
  headers: Record<string, string> = {},
): Promise<A> {
  let response: Response
  try {
    // The session is a cookie that scripts cannot read.
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body }),
    })
  } catch {
    throw new ApiError(0, { title: 'The shop does not answer. Check the connection and try again.' })
  }
  const isJson = response.headers.get('content-type')?.includes('json')
  const value: unknown = isJson ? await response.json().catch(() => null) : {}
  // Something between the shop and the browser may answer in its place, or break off half-way.
  if (value === null)
    throw new ApiError(0, { title: 'The answer broke off. Look whether it was done, then try again.' })
  if (!response.ok) throw new ApiError(response.status, value as Problem)
  return value as A
}
