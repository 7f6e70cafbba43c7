import { after, before } from 'node:test'
import { type TestDatabase, testDatabase } from '../database.ts'
import { preparePostgres, type SimulatedPostgres } from './postgres.ts'
import { simulatedServices } from './process.ts'

/** A PostgreSQL for the simulations of the suite in which this is called: there from its first test to its last. */
export function simulatedPostgres(): () => SimulatedPostgres {
  let database: TestDatabase
  let postgres: SimulatedPostgres
  before(async () => {
    database = await testDatabase()
    postgres = await preparePostgres(database.url, simulatedServices)
  })
  after(async () => {
    await postgres?.close()
    await database?.drop()
  })
  return () => postgres
}
