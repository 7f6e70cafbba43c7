import { Agent, request } from 'undici'

type Headers = Readonly<Record<string, string>>

/** Sends JSON and reads all of the JSON that comes; throws unless the status is a good one. */
export type Client = {
  readonly requests: number
  send<Body>(
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: object,
    headers?: Headers,
  ): Promise<{ readonly body: Body; readonly headers: Headers }>
  close(): Promise<void>
}

/** The slowest shop's longest queue: nobody is to fail because others wait before them. */
const timeoutMs = 900_000
const reasonCharactersAtMost = 120

/** @param until ends all that is not answered then, with its reason */
export function openClient(base: string, until?: AbortSignal): Client {
  const agent = new Agent({ connections: 512, pipelining: 1, keepAliveTimeout: 30_000 })
  let requests = 0
  return {
    get requests() {
      return requests
    },
    async send<Body>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object, headers: Headers = {}) {
      requests += 1
      const answer = await request(`${base}${path}`, {
        method,
        dispatcher: agent,
        ...(until ? { signal: until } : {}),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
        body: body ? JSON.stringify(body) : null,
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${reasonIn(text)}`)
      return { body: JSON.parse(text) as Body, headers: answer.headers as Headers }
    },
    close: () => agent.close(),
  }
}

/** As a problem of RFC 9457 has it, or else a message, or else whatever came. */
function reasonIn(text: string): string {
  const { title, message } = parsed(text)
  return (title ?? message ?? text).slice(0, reasonCharactersAtMost)
}

function parsed(text: string): { readonly title?: string; readonly message?: string } {
  try {
    return (JSON.parse(text) as { title?: string; message?: string } | null) ?? {}
  } catch {
    return {}
  }
}
