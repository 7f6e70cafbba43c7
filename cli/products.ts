import { open, rename } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type T from 'typebox'
import { catalog, type ImportReport, importPartBytesAtMost } from '#contracts/catalog'
import type { Operation, Outcome } from '#kernel/contract'
import { startError } from '#kernel/data-folder'
import { overloadedType, ProblemError } from '#kernel/problem'
import type { Environment } from './environment.ts'
import { complain, say, startProgress } from './terminal.ts'
import { withShop } from './with-shop.ts'

type Report = T.Static<typeof ImportReport>

/** How often the report is asked for while an import runs. */
const pollMs = 300

/** `stoa import FILE`: uploads the file in parts, waits, and prints a line for each rejected row. Exit status 1 when one was. */
export async function importProducts(
  environment: Environment,
  root: string,
  file: string,
  market: string | undefined,
): Promise<number> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw startError('file-unreadable', `${file} cannot be read (${error.code ?? error.message}).`)
  })
  try {
    return await withShop(environment, root, async ({ client, settle }) => {
      const products = client(catalog)
      const progress = startProgress()
      progress.step('uploading')
      const given = { fileName: basename(file), ...(market ? { market } : {}) }
      const started = accepted(await onceSeated(() => products.createImport(given)))
      let part = 0
      for await (const text of textParts(handle.createReadStream({ autoClose: false }))) {
        const one = { importId: started.id, part, rawBody: text, headers: {} }
        accepted(await onceSeated(() => products.putImportPart(one)))
        part += 1
      }
      if (part === 0) throw startError('file-empty', `${file} is empty.`)
      accepted(await onceSeated(() => products.startImport({ importId: started.id })))
      let report: Report = started as Report
      do {
        await pause(pollMs)
        const asked = onceSeated(() => products.import({ importId: started.id }))
        report = accepted(await asked.catch(shopStopped)) as Report
        progress.step(
          `importing: ${report.rows} rows, ${report.productsCreated + report.productsChanged + report.productsUnchanged} products`,
        )
      } while (report.state === 'running')
      progress.end()
      await settle()
      return printReport(report, () => rejections(products, report.id))
    })
  } finally {
    await handle.close()
  }
}

/** A shop that turns people away for so long has another trouble than a rush. */
const patienceMs = 10 * 60_000

/** What was turned away has not begun, and is asked for again: shoppers come first, and an import can wait. */
export async function onceSeated<R>(ask: () => Promise<R>): Promise<R> {
  for (const until = Date.now() + patienceMs; ; ) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.type !== overloadedType || Date.now() > until) throw error
      await pause((error.retryAfterSeconds ?? 1) * 1_000)
    }
  }
}

/** The shop that reads the file ended meanwhile. What was read stays, and it knows where to go on. */
function shopStopped(error: unknown): never {
  if (!(error instanceof ProblemError) || error.problem.status !== 503) throw error
  const line = 'The shop stopped while it read the file. Start it again: the import goes on by itself.'
  throw startError('shop-stopped', line, { cause: error })
}

/** Cuts a byte stream into texts of at most a part's bytes, never inside a character. */
async function* textParts(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let text = ''
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = chunk as Buffer
    if (bytes > 0 && bytes + buffer.length > importPartBytesAtMost) {
      yield text
      text = ''
      bytes = 0
    }
    text += decoder.decode(buffer, { stream: true })
    bytes += buffer.length
  }
  text += decoder.decode()
  if (text !== '') yield text
}

async function* rejections(
  products: { importRejections: (input: { importId: string; cursor?: string }) => Promise<Outcome<Operation>> },
  importId: string,
) {
  let cursor: string | null | undefined
  do {
    const page = accepted(await products.importRejections({ importId, ...(cursor ? { cursor } : {}) })) as {
      items: { row: number; handle: string | null; column: string | null; reason: string }[]
      nextCursor: string | null
    }
    yield* page.items
    cursor = page.nextCursor
  } while (cursor)
}

type Rejection = { row: number; handle: string | null; column: string | null; reason: string }

async function printReport(report: Report, rejected: () => AsyncIterable<Rejection>): Promise<number> {
  for await (const { row, handle, column, reason } of rejected()) {
    say(`row ${row}${handle ? ` (${handle})` : ''}${column ? `, ${column}` : ''}: ${reason}`)
  }
  say(
    `${report.rows} rows: ${report.productsCreated} products created, ${report.productsChanged} changed, ${report.productsUnchanged} unchanged, ${report.rowsRejected} rows rejected`,
  )
  if (report.unknownColumns.length > 0)
    say(`columns without a field of their own, kept as they are: ${report.unknownColumns.join(', ')}`)
  if (report.imagesStored + report.imagesKeptAsAddress > 0) {
    say(`images: ${report.imagesStored} stored, ${report.imagesKeptAsAddress} kept as an address`)
  }
  if (report.state === 'failed') {
    complain(`stoa import: ${report.error ?? 'it failed'}`)
    return 1
  }
  return report.rowsRejected > 0 ? 1 : 0
}

/** `stoa export FILE`: writes beside it and renames, so that a half-written file never stands under the name. */
export async function exportProducts(
  environment: Environment,
  root: string,
  file: string,
  market: string | undefined,
): Promise<number> {
  const draft = `${file}.part`
  const handle = await open(draft, 'w').catch((error: NodeJS.ErrnoException) => {
    throw startError('file-unwritable', `${file} cannot be written (${error.code ?? error.message}).`)
  })
  try {
    await withShop(environment, root, async ({ client }) => {
      let cursor: string | null | undefined
      do {
        const page = accepted(
          await client(catalog).exportProducts({ ...(market ? { market } : {}), ...(cursor ? { cursor } : {}) }),
        )
        await handle.write(page.csv)
        cursor = page.nextCursor
      } while (cursor)
    })
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
  say(`exported to ${file}`)
  return 0
}

/** A refusal is the person's answer: said in its own words. */
function accepted<V>(outcome: { ok: true; value: V } | { ok: false; refusal: { type: string; detail: string } }): V {
  if (outcome.ok) return outcome.value
  throw startError(outcome.refusal.type, outcome.refusal.detail)
}
