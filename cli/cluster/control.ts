import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startError } from '#kernel/data-folder'

/** What a cluster can be told from another terminal. */
export type ControlRequest =
  | { readonly do: 'status' }
  | { readonly do: 'scale'; readonly copies: Readonly<Record<string, number>> }
  | { readonly do: 'restart'; readonly services: readonly string[] }
  | { readonly do: 'deploy'; readonly folder: string; readonly services: readonly string[] }
  | { readonly do: 'stop' }

/** Lines of JSON: any number that say what is being done, then one with what came of it. */
type Reply = { readonly say: string } | { readonly done: unknown } | { readonly fault: string }

export type Control = { close(): Promise<void> }

/** The shortest of the systems' limits for the path of a Unix socket (macOS: 104 with the closing zero). */
const pathBytesAtMost = 103
/** A list of services; more is no request of ours. */
const requestCharactersAtMost = 10_000

export const controlPath = (clusterFolder: string): string => join(clusterFolder, 'control.sock')

/** @throws `socket-path-too-long` */
export function checkPath(clusterFolder: string): void {
  const path = controlPath(clusterFolder)
  if (Buffer.byteLength(path) > pathBytesAtMost) {
    throw startError(
      'socket-path-too-long',
      `The path ${path} is too long for a socket (${pathBytesAtMost} bytes at most). Name a data folder with a shorter path with STOA_DATA.`,
    )
  }
}

/** Listens on a socket in the data folder, which is its owner's alone: no port, no password. */
export async function openControl(
  clusterFolder: string,
  obey: (request: ControlRequest, say: (line: string) => void) => Promise<unknown>,
): Promise<Control> {
  const path = controlPath(clusterFolder)
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Whoever asked may be gone before it is done.
    socket.on('error', () => undefined)
    const reply = (one: Reply): void => void socket.write(`${JSON.stringify(one)}\n`)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.length > requestCharactersAtMost) socket.destroy()
      if (!text.includes('\n')) return
      socket.removeAllListeners('data')
      Promise.resolve()
        .then(() => obey(JSON.parse(text) as ControlRequest, (line) => reply({ say: line })))
        .then(
          (value) => reply({ done: value ?? null }),
          (error: Error) => reply({ fault: error.message }),
        )
        .finally(() => socket.end())
    })
  })
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return {
    async close() {
      server.close()
      // Whoever told it to stop is told that it has.
      await Promise.all([...sockets].map((socket) => once(socket, 'close')))
      rmSync(path, { force: true })
    },
  }
}

/** @throws `cluster-not-running`, and whatever the cluster says is wrong */
export async function tellCluster(
  clusterFolder: string,
  request: ControlRequest,
  say: (line: string) => void,
): Promise<unknown> {
  const socket = connect(controlPath(clusterFolder))
  try {
    await once(socket, 'connect')
  } catch {
    throw startError(
      'cluster-not-running',
      `No cluster runs on ${join(clusterFolder, '..')}: start one with "stoa cluster", or name its data folder with STOA_DATA.`,
    )
  }
  socket.write(`${JSON.stringify(request)}\n`)
  for await (const line of createInterface(socket)) {
    const reply = JSON.parse(line) as Reply
    if ('say' in reply) say(reply.say)
    else if ('done' in reply) return reply.done
    else throw startError('cluster-refused', reply.fault)
  }
  throw startError('cluster-ended', 'The cluster ended before it answered.')
}
