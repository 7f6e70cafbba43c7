import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startError } from '#kernel/data-folder'
import type { Copy, Door, Part } from '../copies.ts'
import { keepEngine } from './engine.ts'
import type { ProcessList } from './leftovers.ts'
import { copiesAtMost } from './plan.ts'

/** HAProxy in front of all copies: the public door, and one address by which services reach each other. */
export type Balancer = {
  /** How callers find the copies of a part. */
  door(part: Part): Door
  /** Requests that each copy is at now, as `orders.2`. */
  inFlight(): Promise<ReadonlyMap<string, number>>
  stop(): Promise<void>
}

export type BalancerPlace = {
  readonly parts: readonly Part[]
  readonly host: string
  readonly publicPort: number
  readonly meshPort: number
  readonly sandboxPort: number
  /** Where its configuration and its socket are. */
  readonly folder: string
}

/** Each copy has a place, and so have those that leave while others come. */
const places = copiesAtMost * 2
/** As long as a request may take; then the copy is told to stop all the same, and has 25 s more. */
const drainWithinMs = 30_000
const drainLookEveryMs = 50
/** A local socket answers within a millisecond; on a machine that is short of everything within this. */
const commandWithinMs = 5_000
const none: ReadonlyMap<string, number> = new Map()

/**
 * The configuration. Health is looked at often, so that a copy that was killed is out within a second. What failed is sent to
 * another copy only where no byte of it had left: whether an operation may be repeated is for callers to know, who have its contract.
 */
export function configurationOf({ parts, host, publicPort, meshPort, sandboxPort, folder }: BalancerPlace): string {
  const inside = parts.filter(({ portVariable }) => portVariable === 'STOA_INTERNAL_PORT')
  const problem = (title: string, status: number): string =>
    `'{"type":"/problems/unavailable","title":"${title}","status":${status}}'`
  const frontend = (name: string, part: Part | undefined, port: number): string =>
    part
      ? `
frontend ${name}
  bind ${host}:${port}
  # Whoever comes through here is who the connection says.
  http-request del-header x-forwarded-for
  option forwardfor
  default_backend ${part.name}`
      : ''
  return `# Written by "stoa cluster" at each start.
global
  maxconn 8192
  stats socket ${join(folder, 'haproxy.sock')} mode 600 level admin

defaults
  mode http
  balance leastconn
  timeout connect 2s
  # Longer than any answer takes; what may be waited for, callers say themselves.
  timeout server 75s
  timeout client 75s
  timeout queue 5s
  timeout http-request 30s
  # Only where the connection was refused, so that nothing was sent: HAProxy cannot know what may be done twice.
  retries 3
  retry-on conn-failure
  option redispatch 1
  option httpchk
  http-check send meth GET uri /health/ready
  # A new copy has nothing warm yet: it gets its full part after some seconds.
  default-server check inter 1s fastinter 250ms downinter 250ms fall 3 rise 1 slowstart 5s
  http-error status 502 content-type application/problem+json string ${problem('The copy that was asked ended', 502)}
  http-error status 503 content-type application/problem+json string ${problem('No copy is ready', 503)} hdr retry-after 1
  http-error status 504 content-type application/problem+json string ${problem('The copy that was asked did not answer', 504)}
${frontend(
  'shop',
  parts.find(({ services }) => services.includes('edge')),
  publicPort,
)}
${frontend(
  'provider',
  parts.find(({ services }) => services.includes('sandbox')),
  sandboxPort,
)}

frontend mesh
  bind 127.0.0.1:${meshPort}
  http-request return status 200 content-type application/json string '{"status":"live"}' if { path /health/live }
  http-request set-var(req.service) path,field(3,/)
  http-request set-var(req.service) url_param(service) if { path /health/process }
${inside.map(({ name, services }) => `  use_backend ${name} if { var(req.service) -m str ${services.join(' ')} }`).join('\n')}
${parts.map(({ name }) => `\nbackend ${name}\n  server-template copy 1-${places} 127.0.0.1:1 disabled`).join('\n')}
`
}

/** @throws `haproxy-refused` with its own words */
export async function openBalancer(
  place: BalancerPlace,
  processes: ProcessList,
  onLine: (line: string) => void,
): Promise<Balancer> {
  const file = join(place.folder, 'haproxy.cfg')
  await writeFile(file, configurationOf(place), { mode: 0o600 })
  await checkConfiguration(file)
  const socket = join(place.folder, 'haproxy.sock')
  const admitted = new Map<string, { part: Part; copy: Copy }>()
  let stopping = false

  const command = (text: string): Promise<string> => ask(socket, text)

  const admit = async (part: Part, copy: Copy): Promise<void> => {
    const server = `${part.name}/copy${copy.number}`
    const said = [
      await command(`set server ${server} addr 127.0.0.1 port ${copy.port}`),
      await command(`set server ${server} check-port ${copy.healthPort}`),
      await command(`set server ${server} state ready`),
    ]
    // It answers nothing, or what it has changed or had no need to change.
    const refused = said.find((answer) => answer.trim() !== '' && !answer.includes('change'))
    if (refused !== undefined) throw new Error(`HAProxy refused ${copy.name}: ${refused.trim()}`)
    admitted.set(copy.name, { part, copy })
  }

  const setState = async (part: Part, copy: Copy, state: 'drain' | 'maint'): Promise<void> => {
    admitted.delete(copy.name)
    await command(`set server ${part.name}/copy${copy.number} state ${state}`)
  }

  const inFlight = async (): Promise<ReadonlyMap<string, number>> => {
    const rows = tableOf(await command('show stat -1 4 -1'))
    return new Map(rows.map(({ pxname, svname, scur }) => [`${pxname}.${svname?.replace('copy', '')}`, Number(scur)]))
  }

  const engine = await keepEngine({
    name: 'haproxy',
    parameters: ['-db', '-f', file],
    processes,
    answers: () =>
      command('show info').then(
        (answer) => answer !== '',
        () => false,
      ),
    onLine,
    isWorthALine,
    onRestarted: () => Promise.all([...admitted.values()].map(({ part, copy }) => admit(part, copy))),
  })
  return {
    door: (part) => ({
      admit: (copy) => admit(part, copy),
      async drain(copy) {
        // Without a balancer nobody is sent anywhere; the copy itself serves whom it has before it ends.
        await setState(part, copy, 'drain').catch((error: Error) => onLine(error.message))
        const deadline = performance.now() + drainWithinMs
        while (((await inFlight().catch(() => none)).get(copy.name) ?? 0) > 0 && performance.now() < deadline)
          await pause(drainLookEveryMs)
      },
      async drop(copy) {
        // Its health is looked at there too: one that is only sick is back as soon as it is well.
        if (stopping) return
        await setState(part, copy, 'maint').catch((error: Error) => {
          if (!stopping) onLine(error.message)
        })
      },
    }),
    inFlight,
    async stop() {
      stopping = true
      await engine.stop()
    },
  }
}

/** It tells of every copy that comes, and of every one that goes because it was told to. */
const isWorthALine = (text: string): boolean => !/ is UP\b| maintenance|is stopping|for 0 active/.test(text)

/** @throws `haproxy-missing` with what to install */
export async function findHaproxy(): Promise<void> {
  await promisify(execFile)('haproxy', ['-v']).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw startError(
      'haproxy-missing',
      'HAProxy is not installed, and a cluster needs it to send each request to a copy that is ready. Install it (Debian: apt install haproxy; macOS: brew install haproxy), or host the shop in one process with "stoa start".',
    )
  })
}

async function checkConfiguration(file: string): Promise<void> {
  await promisify(execFile)('haproxy', ['-c', '-q', '-f', file]).catch((error: Error & { stderr?: string }) => {
    throw startError('haproxy-refused', `HAProxy refuses its configuration: ${error.stderr?.trim() || error.message}`)
  })
}

async function ask(path: string, command: string): Promise<string> {
  const socket = connect(path)
  socket.setTimeout(commandWithinMs, () => socket.destroy(new Error(`HAProxy did not answer to "${command}"`)))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`${command}\n`)
  return (await Array.fromAsync(socket.setEncoding('utf8'))).join('')
}

/** HAProxy's CSV: the first line begins with `# ` and has the names. */
function tableOf(text: string): Record<string, string>[] {
  const [head = '', ...rows] = text.trim().split('\n')
  const names = head.replace(/^# /, '').split(',')
  return rows.map((row) => Object.fromEntries(row.split(',').map((value, index) => [names[index] ?? '', value])))
}
