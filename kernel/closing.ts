import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** At a stop, so long is waited for those who read what they were answered. */
const readWithinMs = 5_000

/**
 * Watches a server that nobody is connected to yet. @returns what closes it: whoever asks until `drainMs` are over is answered and told
 * to come back on another connection, and whoever was answered has some seconds to read it. Idle connections are closed last: a
 * request may be on its way on one that is idle here. One whose request was running when the server closed stays open for a next
 * one: nobody may wait for that.
 */
export function closable(
  server: FastifyInstance,
  { readersHaveMs = readWithinMs }: { readonly readersHaveMs?: number } = {},
): (drainMs: number) => Promise<void> {
  const http = server.server
  const sockets = new Set<Socket>()
  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Node calls this too, and takes a connection for idle when its answer is complete, though the answer may not have left yet.
  const closeIdle = http.closeIdleConnections.bind(http)
  let readersUntil = Number.POSITIVE_INFINITY
  http.closeIdleConnections = () => {
    const isRead = [...sockets].every(({ writableLength }) => writableLength === 0)
    if (isRead || performance.now() > readersUntil) closeIdle()
  }
  return async (drainMs) => {
    http.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
    const until = performance.now() + drainMs
    while (performance.now() < until && sockets.size > 0) await pause(20)
    readersUntil = performance.now() + readersHaveMs
    const sweep = setInterval(() => http.closeIdleConnections(), 50)
    await server.close().finally(() => clearInterval(sweep))
  }
}
