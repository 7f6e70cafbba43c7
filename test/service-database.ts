import { join } from 'node:path'
import { type Database, openDatabase } from '#kernel/database'
import { oneDatabase } from '#kernel/database-address'
import { migrate, serviceUrl } from '#kernel/migrate'
import { testDatabase } from './database.ts'

export type ServiceDatabase = {
  /** Signed in as the service. */
  readonly db: Database
  /** Signs in as the superuser. */
  readonly url: string
  stop(): Promise<void>
}

const secret = 'secret-of-tests-of-one-service-alone'

/** A database with the tables of one service, for tests of its statements. */
export async function serviceDatabase(
  service: string,
  options: Pick<Parameters<typeof openDatabase>[0], 'connections'> &
    Partial<Pick<Parameters<typeof openDatabase>[0], 'subscribersOf'>>,
): Promise<ServiceDatabase> {
  const database = await testDatabase()
  const folder = join(import.meta.dirname, '..', 'services', service, 'migrations')
  await migrate({ databases: oneDatabase(database.url), secret, services: [{ service, folder }] })
  const db = openDatabase({ service, url: serviceUrl(database.url, secret, service), ...options })
  return {
    db,
    url: database.url,
    async stop() {
      await db.destroy()
      await database.drop()
    },
  }
}
