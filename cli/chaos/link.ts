import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net'

/**
 * What a network does to a connection.
 * - `pass`: nothing.
 * - `hold`: nothing arrives on either side until it is over, then all of it does, late: a partition that heals, as TCP sees it.
 * - `lost`: what is open now is dead for good, and neither side is told: half-open connections.
 * - `refuse`: open connections are reset, and new ones refused.
 * - `cut-answers`: some answers are cut off in the middle, and the connection reset.
 */
export type LinkFault = 'pass' | 'hold' | 'lost' | 'refuse' | 'cut-answers'

export type Link = {
  /** On 127.0.0.1. */
  readonly port: number
  set(fault: LinkFault): void
  /** Resets what goes to this port: a balancer that takes a sick copy out. */
  drop(port: number): void
  close(): Promise<void>
}

type Pair = { readonly near: Socket; readonly far: Socket; readonly to: number; lost: boolean; held: (() => void)[] }

/** Every so many chunks of an answer one is cut, with `cut-answers`. */
const chunksACut = 12

/**
 * A wire with a switch in it, and a load balancer at its end: connections go in turn to the ports that `targets` names, and on
 * to the next when one refuses. The machine's own network is left alone, so nobody has to be root.
 */
export async function openLink(targets: () => readonly number[]): Promise<Link> {
  const pairs = new Set<Pair>()
  let fault: LinkFault = 'pass'
  let turn = 0
  let chunks = 0

  const carry = (pair: Pair, from: Socket, to: Socket, isAnswer: boolean): void => {
    const write = (chunk: Buffer): void => {
      if (!to.write(chunk)) from.pause()
    }
    from.on('data', (chunk: Buffer) => {
      if (pair.lost) return
      if (fault === 'hold') pair.held.push(() => write(chunk))
      else if (fault === 'cut-answers' && isAnswer && ++chunks % chunksACut === 0) {
        to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => end(pair))
      } else write(chunk)
    })
    to.on('drain', () => from.resume())
    from.on('end', () => {
      if (pair.lost) return
      if (fault === 'hold') pair.held.push(() => to.end())
      else to.end()
    })
    from.on('error', () => end(pair))
    from.on('close', () => {
      if (!pair.lost && fault !== 'hold') end(pair)
    })
  }

  const end = (pair: Pair): void => {
    pairs.delete(pair)
    reset(pair.near)
    reset(pair.far)
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, async (near) => {
    near.on('error', () => undefined)
    if (fault === 'refuse') return reset(near)
    const found = await reach(targets(), turn++)
    if (!found || near.destroyed) {
      found?.socket.destroy()
      return reset(near)
    }
    const pair: Pair = { near, far: found.socket, to: found.port, lost: false, held: [] }
    pairs.add(pair)
    carry(pair, near, found.socket, false)
    carry(pair, found.socket, near, true)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      fault = next
      for (const pair of [...pairs]) {
        if (next === 'refuse') end(pair)
        else if (next === 'lost') pair.lost = true
        else if (next === 'pass' && !pair.lost) for (const deliver of pair.held.splice(0)) deliver()
      }
    },
    drop(port) {
      for (const pair of [...pairs]) if (pair.to === port && !pair.lost) end(pair)
    },
    async close() {
      server.close()
      for (const pair of [...pairs]) end(pair)
      await once(server, 'close')
    },
  }
}

/** One that has said its last word cannot be reset any more: the handle would never close, and the process not end. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Connects to one of `ports`, beginning at `turn`. @returns null when none takes the connection */
async function reach(ports: readonly number[], turn: number): Promise<{ socket: Socket; port: number } | null> {
  for (let tried = 0; tried < ports.length; tried++) {
    const port = ports[(turn + tried) % ports.length] as number
    const socket = tcpConnect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    try {
      await once(socket, 'connect')
      socket.on('error', () => undefined)
      return { socket, port }
    } catch {
      socket.destroy()
    }
  }
  return null
}
