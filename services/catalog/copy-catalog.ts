import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { startError } from '#kernel/data-folder'
import { newId } from '#kernel/id'
import { type ContentItem, type ContentPart, type Contents, contentParts, type Residence } from './store/port.ts'

/** One end of a copy, with the name that people give it. */
export type End = { readonly name: string; readonly contents: Contents }

export type PartReport = {
  readonly part: ContentPart
  /** Documents that are in both, and the digest of all of them, in the order of their keys. */
  readonly documents: number
  readonly digest: string
  /** Written and removed in the last pass; both are 0 when the two hold the same. */
  readonly written: number
  readonly removed: number
}

export type CopyReport = {
  readonly passes: number
  /** The last pass found every document of one in the other, with the same digest, and none beside them. */
  readonly same: boolean
  readonly parts: readonly PartReport[]
}

/** A shop that changes more in one pass than the next can follow is not caught up with by copying on. */
const passesAtMost = 10
/** Documents read at once; those with bytes have up to 15 MB each. */
const pageSize = 200
const pageSizeWithBytes = 4
const withBytes: readonly ContentPart[] = ['media', 'parts']

/**
 * Copies a catalog that may be in use, pass after pass, until a pass finds nothing different. Can be ended at any moment and
 * run again. With `final` the source is closed first: nobody changes it any more, and when both are the same the target is the
 * catalog's home. Without it a source that an unfinished final run had closed is opened again.
 * Throws `copy-refused`, with one line for a person, where it would mix two catalogs.
 */
export async function copyCatalog(
  from: End,
  to: End,
  { final, onProgress }: { readonly final: boolean; readonly onProgress: (step: string) => void },
): Promise<CopyReport> {
  const catalogId = await settleResidence(from, to, final)
  if (final) {
    await from.contents.setResidence({ catalogId, state: 'moved' })
    if (from.contents.closesWithinMs > 0) onProgress(`waiting until nobody changes ${from.name} any more`)
    await pause(from.contents.closesWithinMs)
  }
  for (let pass = 1; ; pass++) {
    const parts: PartReport[] = []
    for (const part of contentParts)
      parts.push(await comparePart(part, from, to, (documents) => onProgress(`pass ${pass}: ${part} ${documents}`)))
    const same = parts.every(({ written, removed }) => written === 0 && removed === 0)
    if (same && final) await to.contents.setResidence({ catalogId, state: 'home' })
    if (same || pass === passesAtMost) return { passes: pass, same, parts }
  }
}

/** Writes down on both sides that the catalog is on its way, unless they are two catalogs. @returns its id */
async function settleResidence(from: End, to: End, final: boolean): Promise<string> {
  const refused = (message: string) => startError('copy-refused', message)
  const source = (await from.contents.residence()) ?? { catalogId: newId('catalog'), state: 'home' }
  const target = await to.contents.residence()
  if (source.state === 'arriving')
    throw refused(
      `The catalog in ${from.name} is a copy that was not finished. Finish it, or copy from where it comes from.`,
    )
  if (target === null && (await holdsSomething(to.contents)))
    throw refused(`There is a catalog in ${to.name} already. Name an empty place, or empty this one.`)
  if (target && target.catalogId !== source.catalogId)
    throw refused(
      `The catalog in ${to.name} is another shop’s, or began apart from the one in ${from.name}. Name an empty place.`,
    )
  if (target?.state === 'home') {
    if (source.state === 'moved')
      throw refused(`The catalog lives in ${to.name} already: it was moved from ${from.name}.`)
    throw refused(`The catalog in ${to.name} is in use. Name an empty place.`)
  }
  if (source.state === 'moved' && target?.state !== 'arriving')
    throw refused(`The catalog does not live in ${from.name} any more: it was moved. Copy from where it lives.`)
  const { catalogId } = source
  const home: Residence = { catalogId, state: 'home' }
  // What an unfinished final run had closed goes on here, unless this is the final run again.
  if (!(final && source.state === 'moved')) await from.contents.setResidence(home)
  await to.contents.setResidence({ catalogId, state: 'arriving' })
  return catalogId
}

async function holdsSomething(contents: Contents): Promise<boolean> {
  for (const part of contentParts) if ((await contents.read(part, '', 1)).length > 0) return true
  return false
}

/** Goes through both in the order of the keys; writes what differs, and removes what only the target has. */
async function comparePart(
  part: ContentPart,
  from: End,
  to: End,
  onProgress: (documents: number) => void,
): Promise<PartReport> {
  const size = withBytes.includes(part) ? pageSizeWithBytes : pageSize
  const sources = itemsOf(from.contents, part, size)
  const targets = itemsOf(to.contents, part, size)
  const all = createHash('sha256')
  const toWrite: ContentItem[] = []
  const toRemove: string[] = []
  const done = { documents: 0, written: 0, removed: 0 }
  const flush = async (): Promise<void> => {
    if (toRemove.length > 0) await to.contents.remove(part, toRemove.splice(0))
    if (toWrite.length > 0) await to.contents.write(part, toWrite.splice(0))
  }
  let source = await sources.next()
  let target = await targets.next()
  while (!source.done || !target.done) {
    const key = source.done ? null : source.value.key
    const other = target.done ? null : target.value.key
    if (key === null || (other !== null && other < key)) {
      toRemove.push(other ?? '')
      done.removed += 1
      target = await targets.next()
    } else {
      const digest = digestOf(source.value as ContentItem)
      const isThere = other === key
      if (!isThere || digestOf(target.value as ContentItem) !== digest) {
        toWrite.push(source.value as ContentItem)
        done.written += 1
      }
      all.update(`${key} ${digest}\n`)
      done.documents += 1
      if (done.documents % pageSize === 0) onProgress(done.documents)
      if (isThere) target = await targets.next()
      source = await sources.next()
    }
    if (toWrite.length + toRemove.length >= size) await flush()
  }
  await flush()
  onProgress(done.documents)
  return { part, digest: all.digest('hex'), ...done }
}

async function* itemsOf(contents: Contents, part: ContentPart, size: number): AsyncGenerator<ContentItem, undefined> {
  for (let after = ''; ; ) {
    const page = await contents.read(part, after, size)
    yield* page
    const last = page.at(-1)
    if (!last || page.length < size) return
    after = last.key
  }
}

const digestOf = ({ value, bytes }: ContentItem): string =>
  createHash('sha256')
    .update(JSON.stringify(value))
    .update(bytes ?? '')
    .digest('hex')
