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
  constructor(status: number, problem: { type?: string; title?: string; detail?: string; errors?: FieldError[] }) {
    super(problem.detail ?? problem.title ?? `The shop answered ${status}.`)
    this.status = status
    this.type = problem.type ?? 'about:blank'
    this.fields = problem.errors ?? []
  }
}

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

async function send<A>(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<A> {
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
  const value: unknown = response.headers.get('content-type')?.includes('json') ? await response.json() : {}
  if (!response.ok) throw new ApiError(response.status, value as ConstructorParameters<typeof ApiError>[1])
  return value as A
}
