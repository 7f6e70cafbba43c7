import type { Agent, Dispatcher } from 'undici'

/** A request to another process. */
export type Request = {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** Is told what comes back, as it comes. `end` is told once: with why, where the answer is not whole. */
export type Listener = {
  readonly begin: (status: number) => void
  readonly piece: (bytes: Buffer) => void
  readonly end: (error: Error | null) => void
}

/** What a process says to a request. */
export type Answer = { readonly status: number; readonly value: unknown }

/** Requests to other processes over connections that are kept. */
export type Exchanges = {
  /** @returns ends it at once: nothing more is told */
  send(service: string, request: Request | Promise<Request>, listener: Listener): () => void
  close(): Promise<void>
}

/** To one service: as many requests beside each other as a service answers in turn. */
const connectionsAtMost = 32

/**
 * Answers go to their listener piece by piece and through no stream, which takes a third of what a request takes here. How long an
 * answer may take is for the caller to say, by ending the exchange.
 * @param idleMs how long a connection is kept that nobody uses
 */
export function openExchanges(idleMs: number): Exchanges {
  // Of each service's own, also where one address leads to all: a slow one may not take the connections to the others. None is
  // made before it is used: a shop in one process never calls over HTTP, and need not load what does.
  const agents = new Map<string, Agent>()

  const agentOf = async (service: string): Promise<Agent> => {
    const known = agents.get(service)
    if (known) return known
    const { Agent } = await import('undici')
    const made = new Agent({
      connections: connectionsAtMost,
      pipelining: 1,
      // The second one holds against what the other side would keep: without it, its word counts.
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    // Somebody else may have made it meanwhile.
    const agent = agents.get(service) ?? made
    agents.set(service, agent)
    return agent
  }

  return {
    send(service, request, listener) {
      let controller: Dispatcher.DispatchController | null = null
      let isOver = false
      const end = (error: Error | null): void => {
        if (isOver) return
        isOver = true
        listener.end(error)
      }
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(started) {
          controller = started
          if (isOver) started.abort(new Error('nobody waits for the answer'))
        },
        onResponseStart(_, status) {
          if (!isOver && status >= 200) listener.begin(status)
        },
        onResponseData(_, bytes) {
          if (!isOver) listener.piece(bytes)
        },
        onResponseEnd: () => end(null),
        onResponseError: (_, error) => end(error),
      }
      Promise.all([agentOf(service), request])
        .then(([agent, what]) => isOver || agent.dispatch(what, handler))
        .catch(end)
      return () => {
        isOver = true
        controller?.abort(new Error('nobody waits for the answer'))
      }
    },
    close: async () => void (await Promise.all([...agents.values()].map((agent) => agent.close()))),
  }
}

/**
 * Collects an answer in JSON. Rejects where none comes in time, or where it breaks off, which is none either, as is what is not JSON.
 * @param deadline in epoch milliseconds
 */
export function wholeAnswer(send: (to: Listener) => () => void, deadline: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let status = 0
    const end = send({
      begin: (given) => {
        status = given
      },
      piece: (bytes) => void pieces.push(bytes),
      end: (error) => {
        clearTimeout(timer)
        const said = error ? null : parsed(Buffer.concat(pieces))
        if (said) resolve({ status, value: said.value })
        else reject(error ?? new Error(String(status)))
      },
    })
    const timer = setTimeout(() => {
      end()
      reject(new Error(timeIsOver))
    }, deadline - Date.now())
  })
}

export const timeIsOver = 'its time was over'

/** Reads JSON, or null of what is none. */
export function parsed(bytes: Buffer): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(bytes.toString()) }
  } catch {
    return null
  }
}
