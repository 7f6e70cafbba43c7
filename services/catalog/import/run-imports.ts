import type { Job } from '#kernel/service'
import type { Deps } from '../deps.ts'
import type { ImportDocument } from '../store/port.ts'
import type { Driven } from './drive-import.ts'
import type { FetchPicture } from './fetch-picture.ts'
import { MarketGone } from './set-goods.ts'

/** So soon a driver that died is replaced; one that lives holds its lease on, however long a step takes. */
const leaseSeconds = 8
const holdEveryMs = 2_000
/** How soon an import that was started is taken up. */
const lookMs = 200
/** With pauses of up to a minute this is most of an hour: other services are back by then, or somebody must look. */
const failuresAtMost = 60
const pauseSecondsAtMost = 60

/** The driver leaves without a fault: another one has taken over, or this process stops. */
class Left extends Error {}

/**
 * Drives imports. Every copy looks for work; one has the lease, saves how far it is after every step, and whoever takes over
 * after a crash goes on from there. What is done twice then has the effect of once.
 */
export function importJob(deps: Deps, fetchPicture?: FetchPicture): Job {
  return {
    name: 'imports',
    everyMs: lookMs,
    run: async (stopping) => {
      while (!stopping.aborted) {
        const claimed = await deps.store.claimImport(leaseSeconds)
        if (!claimed) return
        await drive(deps, claimed, stopping, fetchPicture)
      }
    },
  }
}

async function drive(
  deps: Deps,
  claimed: ImportDocument,
  stopping: AbortSignal,
  given: FetchPicture | undefined,
): Promise<void> {
  const { store, log } = deps
  const { id } = claimed.report
  // Few starts see an import: what reads files and fetches pictures is loaded by the first.
  const { driveImport, ImportFault } = await import('./drive-import.ts')
  const { pictureFetcher, skippingDeadHosts } = await import('./fetch-picture.ts')
  let now = claimed
  const driven: Driven = {
    now: () => now,
    save: async (change) => {
      const saved = await store.saveImport({ ...now, ...change, failures: 0 }, now.revision, leaseSeconds)
      if (!saved) throw new Left('another driver has it')
      now = saved
      if (stopping.aborted) throw new Left('this process stops')
    },
  }
  const fetcher = pictureFetcher()
  // A lease that could not be held on is noticed at the next save.
  const heartbeat = setInterval(() => {
    store.holdImport(id, now.revision, leaseSeconds).catch(() => undefined)
  }, holdEveryMs)
  try {
    // What was refused after the last save is stored, but was not counted.
    await driven.save({ report: { ...now.report, rowsRejected: await store.countRejections(id) } })
    await driveImport(deps, driven, skippingDeadHosts(given ?? fetcher))
    await store.dropUpload(id)
    log.info({ importId: id, rows: now.report.rows }, 'import done')
  } catch (error) {
    await afterFailure(deps, now, error, error instanceof ImportFault || error instanceof MarketGone)
  } finally {
    clearInterval(heartbeat)
    await fetcher.close()
  }
}

/** Gives the import back: for another driver at once, after a pause when something failed, or never when it cannot go on. */
async function afterFailure(
  { store, log }: Deps,
  document: ImportDocument,
  error: unknown,
  isFinal: boolean,
): Promise<void> {
  const { report, revision } = document
  if (error instanceof Left) {
    await store.saveImport(document, revision, 0)
    return
  }
  const failures = document.failures + 1
  if (isFinal || failures > failuresAtMost) {
    const reason = isFinal ? (error as Error).message : 'It stopped again and again; the log of the shop says why.'
    log.info({ importId: report.id, reason }, 'import failed')
    const failed = { ...document, report: { ...report, state: 'failed' as const, error: reason } }
    if (await store.saveImport(failed, revision, 0)) await store.dropUpload(report.id)
    return
  }
  const pauseSeconds = Math.min(2 ** failures, pauseSecondsAtMost)
  log.warn({ importId: report.id, err: error, pauseSeconds }, 'import interrupted, will go on')
  await store.saveImport({ ...document, failures }, revision, pauseSeconds)
}
