import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/**
 * Below the ports that systems give to whoever connects (from 32768 on under Linux, from 49152 on elsewhere): one of those may be
 * taken by anybody's connection before the process that it is meant for listens.
 */
const lowest = 20_000
const highest = 32_767
/** Processes begin this far from each other, so that those which ask at the same moment do not get the same. */
const asked = 64

let next = process.pid * asked

/** Ports nobody listens on now. They are all held at once while asking, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>()
  for (let tries = 0; held.size < count; tries++) {
    if (tries > highest - lowest) throw new Error(`no ${count} ports are free between ${lowest} and ${highest}`)
    const port = lowest + (next++ % (highest - lowest + 1))
    const server = createServer()
    const listening = once(server, 'listening')
    server.listen(port, '127.0.0.1')
    const isFree = await listening.then(
      () => true,
      () => false,
    )
    if (isFree) held.set(port, server)
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))))
  return [...held.keys()]
}
