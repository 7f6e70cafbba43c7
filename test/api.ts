import { randomUUID } from 'node:crypto'

export type Answer<B = Record<string, unknown>> = {
  readonly status: number
  readonly headers: Headers
  readonly body: B
}

/** Sends a request to the public API; `path` begins with `/api`. A POST gets a new Idempotency-Key unless one is given. */
export type Api = <B = never>(
  method: string,
  path: string,
  body?: unknown,
  options?: RequestOptions,
) => Promise<Answer<[B] extends [never] ? Loose : B>>

// biome-ignore lint/suspicious/noExplicitAny: answers are read with exact assertions, which say more than a type would
type Loose = any

export type RequestOptions = {
  readonly token?: string
  readonly key?: string | null
  readonly headers?: Record<string, string>
}

/** A caller of the API at `url`, as a stranger would be. */
export function apiAt(url: string): Api {
  return async (method, path, body, options = {}) => {
    const key = options.key === undefined && method === 'POST' ? randomUUID() : options.key
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key ? { 'idempotency-key': key } : {}),
        ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    } as never
  }
}
