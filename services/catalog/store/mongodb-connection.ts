import { BrokenCircuitError } from 'cockatiel'
import {
  type Collection,
  type Db,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  type ServerHeartbeatSucceededEvent,
} from 'mongodb'
import { startError } from '#kernel/data-folder'
import type { Breaker, BreakerOptions } from '#kernel/dependency'
import { type ProblemError, unavailable } from '#kernel/problem'
import { indexFaults, makeIndexes } from './mongodb-indexes.ts'
import type { Residence } from './port.ts'
import { catalogMoved } from './residence.ts'

/** A document of ours: its key is a text, never an ObjectId. */
export type Keyed = { readonly _id: string }

/** The catalog's database, with what the driver does not promise: an answer in time, and a clock that all copies share. */
export type Connection = {
  collection<D extends Keyed>(name: string): Collection<D>
  /**
   * Asks the database, and is told within seconds that it does not answer. Throws a 503 then, and at once while it is known to
   * be in trouble or an index is missing.
   */
  ask<R>(work: () => Promise<R>): Promise<R>
  /** The same for what changes something. Throws a 503 when the catalog was moved elsewhere. */
  change<R>(work: () => Promise<R>): Promise<R>
  /** Epoch milliseconds by the primary's clock: leases of copies on several hosts are judged by one. */
  now(): number
  /** Why nobody can be served, or null. Looks again. */
  trouble(): Promise<string | null>
  /** The indexes that were missing and made when it was opened. */
  readonly made: readonly string[]
  close(): Promise<void>
}

/** What is done without the database, for whoever looks at the shop's health. */
export const mongodbBreaker: BreakerOptions = {
  name: 'MongoDB of catalog',
  kind: 'database',
  fallback:
    'Listing and search go on, since they read their own tables. Product pages, carts and checkout are refused with 503 and Retry-After, and nothing is guessed. It is asked again every two seconds.',
  failuresToOpen: 3,
  openMs: 2_000,
  isFailure: (error) => isTrouble(error),
}

/** Milliseconds. A server of the same site answers in a few; what takes longer is not there for a shopper who waits. */
const connectWithinMs = 3_000
/** A server that is asked for a page of products under full load is still faster than this. */
const answerWithinMs = 10_000
const heartbeatMs = 2_000
/** How old the knowledge may be that indexes are there and that the catalog lives here. */
const lookEveryMs = 3_000
/** Who has not been able to look for so long changes nothing any more: see `sealedAfterMs`. */
const trustedForMs = 10_000
/** When nothing is changed any more after the catalog was marked as moved: the last who could have missed it is done. */
export const sealedAfterMs = trustedForMs + answerWithinMs
/** Requests of one process at the same time; others wait. Three copies are below what a small server allows. */
const connectionsAtMost = 50

/** Whether the catalog lives here, in the collection `shop`. */
export type StoredResidence = Keyed & Residence
export const residenceKey = 'residence'

/** The parts of an address: a scheme, perhaps a name with its password, hosts, perhaps a database. */
const address = /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)(?:\/([^?]*))?/
const databaseOf = (url: string): string => decodeURIComponent(address.exec(url)?.[2] ?? '') || 'stoa'
/** For people: without the password. */
const placeOf = (url: string): string => `${databaseOf(url)} at ${address.exec(url)?.[1] ?? 'no address'}`

/**
 * Connects to the database that `url` names (`stoa` where it names none), and makes the indexes that are missing.
 * Throws `mongodb-unreachable` or `mongodb-index`, with one line for a person.
 */
export async function connect(url: string, breaker: Breaker): Promise<Connection> {
  const clock = { offsetMs: 0 }
  const { client, db } = await signIn(url, clock)
  try {
    const made = await makeIndexes(db)
    return { ...open(client, db, breaker, () => Math.round(Date.now() + clock.offsetMs)), made }
  } catch (error) {
    await client.close().catch(() => undefined)
    throw isStartError(error) ? error : unreachable(url, error)
  }
}

/** Looks at the database that `url` names, and changes nothing. @returns where it is; throws one line for a person */
export async function examine(url: string): Promise<string> {
  const { client, db } = await signIn(url, { offsetMs: 0 })
  try {
    const faults = await indexFaults(db)
    if (faults.length > 0)
      throw startError('mongodb-index', `${faults.join('; ')}. "stoa migrate" makes what is missing.`)
    return `MongoDB, ${placeOf(url)}`
  } finally {
    await client.close()
  }
}

/** Finds out whether it answers. Throws `mongodb-unreachable`. */
export async function reach(url: string): Promise<void> {
  const { client } = await signIn(url, { offsetMs: 0 })
  await client.close()
}

async function signIn(url: string, clock: { offsetMs: number }): Promise<{ client: MongoClient; db: Db }> {
  let client: MongoClient | undefined
  try {
    client = new MongoClient(url, options)
    client.on('serverHeartbeatSucceeded', ({ reply, duration }: ServerHeartbeatSucceededEvent) => {
      const { localTime, isWritablePrimary, ismaster } = reply as Record<string, unknown>
      if (localTime instanceof Date && (isWritablePrimary || ismaster))
        clock.offsetMs = localTime.getTime() + duration / 2 - Date.now()
    })
    await client.connect()
    const db = client.db(databaseOf(url))
    await db.command({ ping: 1 })
    return { client, db }
  } catch (error) {
    await client?.close().catch(() => undefined)
    throw unreachable(url, error)
  }
}

const unreachable = (url: string, error: unknown) =>
  startError(
    'mongodb-unreachable',
    `The MongoDB database ${placeOf(url)} does not answer (${reasonOf(error)}). Check MONGODB_URL.`,
  )

const options: MongoClientOptions = {
  appName: 'stoa-catalog',
  serverSelectionTimeoutMS: connectWithinMs,
  connectTimeoutMS: connectWithinMs,
  socketTimeoutMS: answerWithinMs,
  waitQueueTimeoutMS: answerWithinMs,
  heartbeatFrequencyMS: heartbeatMs,
  // Asked, not streamed: a server that stopped without closing anything is found out by the next heartbeat.
  serverMonitoringMode: 'poll',
  maxPoolSize: connectionsAtMost,
  ignoreUndefined: true,
  promoteBuffers: true,
  // What was acknowledged is on a majority's disks, and what is read is not undone by an election.
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: answerWithinMs },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
}

const isStartError = (error: unknown): boolean => typeof (error as { code?: unknown }).code === 'string'

function open(client: MongoClient, db: Db, breaker: Breaker, now: () => number): Omit<Connection, 'made'> {
  let fault: string | null = null
  let moved = false
  let lookedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | null = null

  const guarded = async <R>(work: () => Promise<R>): Promise<R> => {
    if (breaker.isOpen) throw noAnswer(breaker.retryAfterSeconds)
    try {
      return await breaker.run(work)
    } catch (error) {
      if (error instanceof BrokenCircuitError || isTrouble(error)) throw noAnswer(breaker.retryAfterSeconds)
      if (error instanceof MongoError && error.name === 'MongoWaitQueueTimeoutError')
        throw unavailable('The catalog’s database has more to do than it can.')
      throw error
    }
  }
  const look = async (): Promise<void> => {
    const since = performance.now()
    const [faults, residence] = await guarded(() =>
      Promise.all([indexFaults(db), db.collection<StoredResidence>('shop').findOne({ _id: residenceKey })]),
    )
    fault = faults.length === 0 ? null : `The catalog’s MongoDB lacks what it stands on: ${faults.join('; ')}.`
    moved = residence?.state === 'moved'
    lookedAt = since
  }
  const lookOnce = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = null
    })
    return looking
  }
  const timer = setInterval(() => void lookOnce().catch(() => undefined), lookEveryMs)
  timer.unref()

  const ask = async <R>(work: () => Promise<R>): Promise<R> => {
    if (fault !== null) throw unavailable(`${fault} "stoa migrate" makes them.`, 5)
    return guarded(work)
  }
  return {
    collection: <D extends Keyed>(name: string) => db.collection<D>(name),
    ask,
    async change(work) {
      if (performance.now() - lookedAt > trustedForMs) await lookOnce()
      if (moved) throw catalogMoved()
      return ask(work)
    },
    now,
    async trouble() {
      try {
        await lookOnce()
        return fault
      } catch (error) {
        return (error as Error).message
      }
    },
    async close() {
      clearInterval(timer)
      await client.close()
    },
  }
}

const noAnswer = (seconds: number): ProblemError =>
  unavailable('The catalog’s database does not answer. Try again in a moment.', Math.max(1, seconds))

/** NotWritablePrimary, NotPrimaryOrSecondary, shutdown, primary stepped down, host unreachable, network timeout, time limit. */
const troubleCodes = new Set<unknown>([6, 7, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 64])

/** Whether the server, or the way to it, is in trouble; other errors are its answers. */
export function isTrouble(error: unknown): boolean {
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNotConnectedError ||
    (error instanceof MongoServerError && (troubleCodes.has(error.code) || error.hasErrorLabel('RetryableWriteError')))
  )
}

/** One sentence without an address that may hold a password. */
const reasonOf = (error: unknown): string =>
  error instanceof MongoError || error instanceof Error
    ? error.message.replace(/\/\/[^@\s]*@/g, '//').trim()
    : String(error)

/** A unique index refused it: somebody else has the key. */
export const isDuplicate = (error: unknown): boolean => error instanceof MongoServerError && error.code === 11_000

/** More than the 16 MB that a document can have: said by the server, or by the driver before it sends it. */
export const isTooLarge = (error: unknown): boolean =>
  (error instanceof MongoServerError && (error.code === 10_334 || error.code === 17_280)) ||
  (error instanceof RangeError && /size|range/i.test(error.message))
