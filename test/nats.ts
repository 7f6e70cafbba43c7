import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsOptions } from '#kernel/nats-connection'
import { type NatsServer, natsServerProgram, startNatsServer } from '../cli/nats-server.ts'

const version = 'v2.15.3'
const program = natsServerProgram()
const missing = `nats-server is not installed (go install github.com/nats-io/nats-server/v2@${version})`
if (!program && process.env.STOA_REQUIRE_PEERS === '1') throw new Error(missing)

/** Whether a NATS server can be started here. */
export const hasNats = program !== null
/** For `skip`: why there is no test with NATS, or false. */
export const noNats = hasNats ? false : missing

/** A real NATS server, and how to reach it. */
export type TestNats = NatsServer & { readonly options: NatsOptions }

/** @param parameters of `nats-server` beside those of its address and folder */
export async function startNats(parameters: readonly string[] = []): Promise<TestNats> {
  if (!program) throw new Error(missing)
  const server = await startNatsServer(program, await mkdtemp(join(tmpdir(), 'stoa-nats-')), parameters)
  return { ...server, options: natsOptions(server.url) }
}

export const natsOptions = (url: string, given: Partial<NatsOptions> = {}): NatsOptions => ({
  url,
  user: null,
  password: null,
  credentials: null,
  nkey: null,
  authority: null,
  certificate: null,
  key: null,
  replicas: 1,
  prefix: 'stoa',
  ...given,
})
