import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node'

/** Where the shop's NATS is, and how it is asked. The names of the variables are those of NATS' own command line. */
export type NatsOptions = {
  /** `nats://host:4222` or `tls://…`, several with commas; a user, a password or a token may be part of it. */
  readonly url: string
  readonly user: string | null
  readonly password: string | null
  /** Files: a user's credentials (JWT and seed), or a seed alone; the authority that signed the server; our own certificate. */
  readonly credentials: string | null
  readonly nkey: string | null
  readonly authority: string | null
  readonly certificate: string | null
  readonly key: string | null
  /** Copies of the stream among the servers of a cluster. */
  readonly replicas: number
  /** What subjects and the stream begin with: two shops may share a broker. */
  readonly prefix: string
}

/** A broker that says nothing for three of these is left for another of its cluster. */
const pingMs = 5_000
/** How long a server may take to greet. */
const greetMs = 5_000
const reconnectMs = 500
const drainMs = 1_000

/** How to connect. Throws when a file cannot be read. */
export async function connectionOptions(options: NatsOptions, name: string): Promise<ConnectionOptions> {
  const urls = options.url.split(',').map((one) => new URL(one.trim()))
  const given = urls.find(({ username }) => username !== '')
  const user = options.user ?? (given && given.password !== '' ? decodeURIComponent(given.username) : null)
  const password = options.password ?? (given && given.password !== '' ? decodeURIComponent(given.password) : null)
  const token = given && given.password === '' && options.user === null ? decodeURIComponent(given.username) : null
  const wantsTls =
    urls.some(({ protocol }) => protocol === 'tls:') || options.authority !== null || options.certificate !== null
  const { credsAuthenticator, nkeyAuthenticator } = await import('@nats-io/transport-node')
  return {
    name,
    servers: urls.map(({ host }) => host),
    // It may come back at any time; a password may be mended there.
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: reconnectMs,
    reconnectJitter: reconnectMs,
    pingInterval: pingMs,
    maxPingOut: 2,
    timeout: greetMs,
    ...(user === null ? {} : { user, pass: password ?? '' }),
    ...(token === null ? {} : { token }),
    ...(options.credentials === null ? {} : { authenticator: credsAuthenticator(await readFile(options.credentials)) }),
    ...(options.nkey === null
      ? {}
      : { authenticator: nkeyAuthenticator(Buffer.from((await readFile(options.nkey, 'utf8')).trim())) }),
    ...(wantsTls
      ? {
          tls: {
            ...(options.authority === null ? {} : { caFile: options.authority }),
            ...(options.certificate === null ? {} : { certFile: options.certificate }),
            ...(options.key === null ? {} : { keyFile: options.key }),
          },
        }
      : {}),
  }
}

/** A connection that comes and goes. */
export type Line = {
  /** The connection. Throws while there is none. */
  get(): NatsConnection
  close(): Promise<void>
}

/**
 * Connects, and goes on trying for as long as it is open. What is to be heard is subscribed to in `onOpen`; the connection
 * subscribes to it again by itself when it was interrupted.
 */
export function openLine(options: NatsOptions, name: string, onOpen: (connection: NatsConnection) => void): Line {
  let current: NatsConnection | null = null
  let isUp = false
  let isClosed = false
  let lastError = 'it has not answered yet'

  const follow = async (connection: NatsConnection): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') isUp = false
      if (status.type === 'disconnect') lastError = 'the connection is broken'
      if (status.type === 'reconnect') isUp = true
      if (status.type === 'error') lastError = status.error.message
    }
  }
  const run = async (): Promise<void> => {
    while (!isClosed) {
      try {
        const { connect } = await import('@nats-io/transport-node')
        const connection = await connect(await connectionOptions(options, name))
        if (isClosed) return await connection.close()
        current = connection
        isUp = true
        onOpen(connection)
        await Promise.all([connection.closed(), follow(connection)])
      } catch (error) {
        lastError = (error as Error).message
      }
      isUp = false
      if (!isClosed) await pause(reconnectMs)
    }
  }
  const running = run()
  return {
    get() {
      if (!current || !isUp) throw new Error(`NATS cannot be reached: ${lastError}`)
      return current
    },
    async close() {
      isClosed = true
      // What was said last, verdicts too, is still sent; but nobody waits for a broker that is away.
      if (current && isUp) await Promise.race([current.drain(), pause(drainMs)]).catch(() => undefined)
      await current?.close()
      await running
    },
  }
}
