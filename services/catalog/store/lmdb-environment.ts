import { mkdirSync } from 'node:fs'
import { type Database, type Key, open, type RangeOptions } from 'lmdb'
import type { Residence } from './port.ts'
import { catalogMoved } from './residence.ts'

export type Table<V> = Pick<
  Database<V, Key>,
  'get' | 'getRange' | 'getKeys' | 'getKeysCount' | 'putSync' | 'removeSync' | 'doesExist'
>

/** Several texts a key, each once and in their order; of a key with many the texts alone take room. */
export type Index = Pick<
  Database<string, string>,
  'getRange' | 'getKeys' | 'getValues' | 'getValuesCount' | 'putSync' | 'removeSync'
>

export type Environment = {
  /** JSON for documents, so that a process of any version reads them, compressed where they are long; `ordered-binary` for keys and numbers. */
  table<V>(name: string, encoding: 'json' | 'binary' | 'string' | 'ordered-binary'): Table<V>
  /** The texts have 500 bytes at most. */
  index(name: string): Index
  /**
   * Runs `work` in a write transaction: what it reads is the latest of any process, what it writes is there wholly or not
   * at all, and on disk when the promise resolves. `work` must not wait for anything. What is asked in one turn of the
   * event loop shares a transaction, and with it the flush to disk.
   */
  write<R>(work: () => R): Promise<R>
  /** The same where the catalog was moved away: for what may be lost, and for the mark itself. */
  writeAlways<R>(work: () => R): Promise<R>
  residence(): Residence | null
  setResidence(next: Residence): Promise<void>
  close(): Promise<void>
}

type Waiting = { work: () => unknown; resolve: (value: never) => void; reject: (error: unknown) => void }

/** Works a transaction: enough to share a flush, few enough that the event loop is not held for long. */
const worksAtMost = 200
const tablesAtMost = 40
/**
 * A product of 2.7 KB took a page of 4 KB to itself; by LZ4 three share one, and as many more stay in memory. What was written before
 * is read as it is.
 */
const compressedFromBytes = 500
/** LMDB's own limit is 1,978 bytes; what is longer, or holds the byte that separates key parts, is no key of ours. */
const keyBytesAtMost = 1_900

/** Whether a text that came from outside can be looked up at all. */
export const isKey = (text: string): boolean => !text.includes('\0') && Buffer.byteLength(text) <= keyBytesAtMost

/** The range of all keys that begin with `text`. */
export const beginningWith = (text: string): { start: string; end: string } => ({
  start: text,
  end: `${text}\u{10ffff}`,
})

/** The range of all keys whose first part is `first`, from after `second` on. */
export const under = (first: string, second?: string | number): RangeOptions => ({
  start: second === undefined ? [first] : [first, second],
  ...(second === undefined ? {} : { exclusiveStart: true }),
  // Buffers sort after every number and text.
  end: [first, Buffer.from([255])] as unknown as Key,
})

/** Opens the LMDB files in `folder`, which any number of processes of this host may use at the same time. */
export function openEnvironment(folder: string): Environment {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const root = open({ path: folder, noSubdir: false, maxDbs: tablesAtMost })
  // A process that was killed leaves its place in the table of readers behind, and old pages with it.
  root.readerCheck()
  const shop = root.openDB<string, Key>('shop', { encoding: 'string' })
  const residence = (): Residence | null => JSON.parse(shop.get('residence') ?? 'null') as Residence | null
  let queue: Waiting[] = []
  let scheduled = false

  const run = (batch: readonly Waiting[]): void => {
    try {
      const results = root.transactionSync(() => batch.map(({ work }) => work()))
      batch.forEach(({ resolve }, index) => {
        resolve(results[index] as never)
      })
    } catch (error) {
      // Nothing of the batch was written. Each runs alone once, so that a faulty one takes nobody along.
      if (batch.length > 1) for (const one of batch) run([one])
      else batch[0]?.reject(error)
    }
  }
  const flush = (): void => {
    scheduled = false
    const batch = queue.slice(0, worksAtMost)
    queue = queue.slice(worksAtMost)
    if (queue.length > 0) schedule()
    run(batch)
  }
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }

  const writeAlways = <R>(work: () => R): Promise<R> =>
    new Promise<R>((resolve, reject) => {
      queue.push({ work, resolve, reject })
      schedule()
    })
  return {
    table: <V>(name: string, encoding: 'json' | 'binary' | 'string' | 'ordered-binary') =>
      root.openDB<V, Key>(name, {
        encoding,
        compression: encoding === 'json' && { threshold: compressedFromBytes },
      }) as Table<V>,
    index: (name) => root.openDB<string, string>(name, { encoding: 'ordered-binary', dupSort: true }),
    write: <R>(work: () => R) =>
      writeAlways(() => {
        if (residence()?.state === 'moved') throw catalogMoved()
        return work()
      }),
    writeAlways,
    residence,
    setResidence: (next) => writeAlways(() => void shop.putSync('residence', JSON.stringify(next))),
    async close() {
      while (queue.length > 0) await new Promise((resolve) => setImmediate(resolve))
      await root.close()
    },
  }
}

/** Copies the files in `folder`, as they are at one moment, to a new folder. Who has them open may go on writing. */
export async function copyEnvironment(folder: string, to: string): Promise<void> {
  const root = open({ path: folder, noSubdir: false, readOnly: true })
  try {
    mkdirSync(to, { mode: 0o700 })
    await root.backup(to, false)
  } finally {
    await root.close()
  }
}
