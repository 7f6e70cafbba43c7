import type { catalog } from '#contracts/catalog'
import { type Actor, type Call, hasPermission } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { Deps } from '../deps.ts'
import type { ImportStore } from '../store/port.ts'
import type { Field } from './columns.ts'
import { findHeader } from './group-rows.ts'
import { unknownImport } from './imports.ts'
import { openUpload } from './upload.ts'

type Start = (typeof catalog.operations)['startImport']

/**
 * Lets the reading begin when all parts are there. An import that was started already goes on as it is. Who may not set stock or
 * prices one by one may not set them by a file.
 */
export async function startImport(
  { store }: Pick<Deps, 'store'>,
  { importId }: Input<Start>,
  { actor }: Pick<Call, 'actor'>,
): Promise<Outcome<Start>> {
  for (;;) {
    const document = await store.getImport(importId)
    if (!document) return unknownImport(importId)
    if (document.report.state !== 'uploading') return ok(document.report)
    const sizes = await store.partSizes(importId)
    const gap = sizes.findIndex(({ part }, index) => part !== index)
    if (gap !== -1 || sizes.length === 0) {
      const missingPart = Math.max(gap, 0)
      return refuse('catalog/import-incomplete', `Part ${missingPart} of the file is missing.`, { missingPart })
    }
    const forbidden = await findForbidden(store, importId, actor)
    if (forbidden) return forbidden
    // A part that arrives at this moment changes the revision, and is looked at too.
    const report = { ...document.report, state: 'running' as const }
    const started = await store.saveImport({ ...document, report }, document.revision, 0)
    if (started) return ok(started.report)
  }
}

/** Columns of what other services keep, and the permission to set it there. */
const guarded = [
  { field: 'quantity', sets: 'stock', permission: 'inventory:write' },
  { field: 'price', sets: 'prices', permission: 'pricing:write' },
  { field: 'compareAtPrice', sets: 'prices', permission: 'pricing:write' },
] as const satisfies readonly { field: Field; sets: string; permission: string }[]

async function findForbidden(store: ImportStore, importId: string, actor: Actor) {
  const missing = guarded.filter(({ permission }) => !may(actor, permission))
  if (missing.length === 0) return null
  const found = await findHeader((await openUpload(store, importId)).source)
  // What is no product file sets nothing: its reading ends with the reason.
  if (!found.ok) return null
  for (const { field, sets, permission } of missing) {
    const index = found.columns.indexOf[field]
    if (index === undefined) continue
    const column = found.columns.names[index]?.trim() ?? ''
    const detail = `The column "${column}" sets ${sets}, which needs the permission ${permission}. Take it out of the file, or let somebody who has the permission start the import.`
    return refuse('catalog/column-not-allowed', detail, { column, permission })
  }
  return null
}

/** The command line asks as a service: whoever can use it owns the machine. */
const may = (actor: Actor, permission: string): boolean => actor.kind === 'service' || hasPermission(actor, permission)
