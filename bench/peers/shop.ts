import type { Ending } from '../../cli/ending.ts'
import type { Asked, cellsOf } from './catalog.ts'
import type { ShopName, Wares } from './visits.ts'

/** What a shop is given: an empty database and a folder of its own on the same machine as all others. */
export type Place = {
  readonly databaseUrl: string
  /** Null where no Redis is installed. */
  readonly redisUrl: string | null
  /** Kept from run to run: the packages. */
  readonly installed: string
  /** Empty, and removed after the run. */
  readonly folder: string
  readonly port: number
  /** For a worker that listens though nobody asks it. */
  readonly workerPort: number
  readonly ending: Ending
  readonly onProgress: (step: string) => void
}

export type Shop = {
  readonly name: ShopName
  readonly version: string
  /** How it was set up, in words for who reads the figures. */
  readonly configured: readonly string[]
  /** Installs it, makes its tables and puts the goods in, by its own importer. */
  fill(cells: ReturnType<typeof cellsOf>): Promise<void>
  /** Starts it on the filled database. */
  start(): Promise<Running>
}

export type Running = {
  readonly base: string
  /** Of all that runs for it, but for PostgreSQL: who answers, and who works in the background. */
  readonly pids: readonly number[]
  /** From the command to the first product list. */
  readonly startedMs: number
  /** Finds out what the goods are called there. */
  readWares(asked: Asked): Promise<Wares>
  stop(): Promise<void>
}
