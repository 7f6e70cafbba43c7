import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

// A server that speaks MongoDB's protocol (https://github.com/bwaldvogel/mongo-java-server), or a MongoDB that is there already.

export type TestMongodb = {
  /** Without a database's name. */
  readonly url: string
  /** A new database that nobody else knows of. */
  database(): string
  /** Stops answering without closing anything, and goes on. Null for a server that is not ours. */
  readonly process: ChildProcess | null
  stop(): Promise<void>
}

/** The same folder as in `.ci/mongodb-server`, which fills it. */
const jars =
  process.env.STOA_MONGODB_JARS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'stoa', 'mongo-java-server-1.47.0')

const given = process.env.STOA_TEST_MONGODB

/** Why tests against MongoDB are skipped, or false. With `STOA_REQUIRE_PEERS=1`, as in CI, they are not, and fail. */
export const noMongodb: string | false =
  given === undefined &&
  process.env.STOA_REQUIRE_PEERS !== '1' &&
  !existsSync(jars) &&
  'there is no MongoDB to test with (.ci/mongodb-server fetches one that Java runs; STOA_TEST_MONGODB names another)'

/** Starts one for a test file; `STOA_TEST_MONGODB` names one that is used as it is. */
export async function startTestMongodb(port = 0): Promise<TestMongodb> {
  const database = (url: string) => (): string => `${url}/test_${randomBytes(8).toString('hex')}`
  if (given !== undefined) return { url: given, database: database(given), process: null, stop: async () => undefined }
  const source = join(import.meta.dirname, 'mongodb', 'Server.java')
  // It ends with its standard input, and so with whoever started it, however that ends. One thread answers all: to find a
  // document and to change it are one step in MongoDB, and two in this server.
  const oneThread = '-Dio.netty.eventLoopThreads=1'
  const child = spawn('java', ['-Xmx512m', oneThread, '-cp', join(jars, '*'), source, String(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`the MongoDB of the tests did not start: ${said}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const address = /^mongodb:\S+$/m.exec(said)?.[0]
      if (address) resolve(address)
    })
  })
  return {
    url,
    database: database(url),
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
