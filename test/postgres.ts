import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFile } from '../kernel/data-folder.ts'
import { startEmbeddedPostgres } from '../kernel/embedded-postgres.ts'

// The set-up of a test run: `node --test --test-global-setup=./test/postgres.ts`. One PostgreSQL serves all test files.

const prefix = 'stoa-test-'

/** Every test file has pools of its own, and as many files run at once as the machine has cores. */
const connectionsAtMost = 400

const settings = {
  max_connections: connectionsAtMost,
  shared_buffers: '256MB',
  // A test's data need not survive the machine. What a shop never turns off, synchronous_commit, stays on here too.
  fsync: 'off',
  full_page_writes: 'off',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
}

/** Starts a PostgreSQL in a temporary folder, which is removed when it stops. */
export async function startTestPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  await removeLeftovers()
  const folder = await mkdtemp(join(tmpdir(), prefix))
  try {
    const postgres = await startEmbeddedPostgres({ dataFolder: folder, settings })
    return {
      url: postgres.url,
      async stop() {
        await postgres.stop()
        await rm(folder, { recursive: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

let postgres: Awaited<ReturnType<typeof startTestPostgres>> | undefined

/** Called by the test runner before all files. A `STOA_TEST_POSTGRES` that is set already is used as it is. */
export async function globalSetup(): Promise<void> {
  if (process.env.STOA_TEST_POSTGRES) return
  postgres = await startTestPostgres()
  process.env.STOA_TEST_POSTGRES = postgres.url
}

/** Called by the test runner after all files, and when it is interrupted. */
export async function globalTeardown(): Promise<void> {
  await postgres?.stop()
}

/** A run that is starting has its folder, but no lock on it yet. */
const startingWithinMs = 60_000

/** Removes the folders of runs that were killed: their PostgreSQL has ended with them. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const folder = join(tmpdir(), name)
    try {
      if (Date.now() - (await stat(folder)).mtimeMs < startingWithinMs) continue
      const lock = lockFile(join(folder, 'postgres.lock'))
      if (!lock) continue
      lock.release()
      await rm(folder, { recursive: true, force: true })
    } catch {
      // Another user's, or another run removes it just now.
    }
  }
}
