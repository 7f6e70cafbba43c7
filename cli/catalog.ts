import { type CatalogStoreKind, catalogStores, moveCatalog } from '../services/catalog-move.ts'
import { ConfigurationError, type Environment } from './environment.ts'
import { complain, say, startProgress } from './terminal.ts'

/**
 * `stoa catalog copy`: copies the catalog to another kind of store while the shop sells, and prints what both hold. Exit status
 * 0 when they hold the same.
 */
export async function copyCatalog(
  environment: Environment,
  action: string,
  values: Readonly<Record<string, string | boolean | undefined>>,
): Promise<number> {
  const { from, to, final = false } = values
  const kinds = readKinds(action, from, to)
  if (environment.mongodbUrl === null)
    throw new ConfigurationError(['MONGODB_URL is not set: it says which database the catalog is copied to or from'])
  const progress = startProgress()
  const report = await moveCatalog(environment, kinds, {
    final: final === true,
    onProgress: progress.step,
  }).finally(() => progress.end())
  for (const { part, documents, digest } of report.parts)
    say(`  ${part.padEnd(12)} ${String(documents).padStart(8)}  ${digest.slice(0, 16)}`)
  const { passes, same } = report
  if (!same) {
    complain(`The catalog changes faster than it is copied: after ${passes} passes the two still differ.`)
    complain(`Run it with --final: nothing is changed in ${kinds.from} from then on, and the copy comes to its end.`)
    return 1
  }
  say(`Both hold the same, document by document, after ${passes} ${passes === 1 ? 'pass' : 'passes'}.`)
  say(
    final === true
      ? `The catalog lives in ${kinds.to} now; ${kinds.from} is not changed any more. Start the shop ${kinds.to === 'mongodb' ? 'with' : 'without'} MONGODB_URL.`
      : `The shop goes on with ${kinds.from}. Run it again with --final to move.`,
  )
  return 0
}

function readKinds(action: string, from: unknown, to: unknown): { from: CatalogStoreKind; to: CatalogStoreKind } {
  const isKind = (value: unknown): value is CatalogStoreKind => (catalogStores as readonly unknown[]).includes(value)
  if (action !== 'copy' || !isKind(from) || !isKind(to) || from === to)
    throw new ConfigurationError([
      'usage: stoa catalog copy --from lmdb --to mongodb [--final], or the other way round',
    ])
  return { from, to }
}
