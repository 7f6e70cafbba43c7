import { resolve } from 'node:path'
import type { NatsOptions } from '#kernel/nats-connection'

const protocols = ['nats:', 'tls:']
/** A cluster agrees by majority: two servers are no safer than one, and five are slower than three. */
const replicas = ['1', '3', '5']

/**
 * What the environment says of NATS, or null where it names none. The variables of who we are have the names that NATS' own
 * command line gives them.
 * @param fault is told what is wrong
 */
export function readNats(
  variables: Readonly<Record<string, string | undefined>>,
  fault: (text: string) => void,
): NatsOptions | null {
  const text = (name: string): string | null => variables[name]?.trim() || null
  const file = (name: string): string | null => {
    const given = text(name)
    return given === null ? null : resolve(given)
  }
  const url = text('NATS_URL')
  if (url === null) return null
  const addresses = url.split(',').map((one) => one.trim())
  // What it says may hold a password, and is not repeated.
  if (
    !addresses.every((one) => URL.canParse(one) && protocols.includes(new URL(one).protocol) && new URL(one).hostname)
  )
    fault('NATS_URL is no URL that begins with nats:// or tls://, nor several of them with commas')
  const asked = text('STOA_NATS_REPLICAS') ?? '1'
  if (!replicas.includes(asked)) fault(`STOA_NATS_REPLICAS is "${asked}", but must be one of ${replicas.join(', ')}`)
  const prefix = text('STOA_NATS_PREFIX') ?? 'stoa'
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(prefix))
    fault(`STOA_NATS_PREFIX is "${prefix}", but must be of at most 32 letters, digits, - and _`)
  const options: NatsOptions = {
    url,
    user: text('NATS_USER'),
    password: text('NATS_PASSWORD'),
    credentials: file('NATS_CREDS'),
    nkey: file('NATS_NKEY'),
    authority: file('NATS_CA'),
    certificate: file('NATS_CERT'),
    key: file('NATS_KEY'),
    replicas: Number(asked),
    prefix,
  }
  if ((options.certificate === null) !== (options.key === null))
    fault('NATS_CERT and NATS_KEY are a certificate and its key: set both, or neither')
  return options
}
