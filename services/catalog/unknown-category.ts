import { type Refusal, type Refused, refuse } from '#kernel/contract'
import type { CategoryStore } from './store/port.ts'

/** Refuses category handles that name no category; null when all do. `known` are those the product had before. */
export async function unknownCategory(
  store: CategoryStore,
  handles: readonly string[],
  known: readonly string[] = [],
): Promise<Refused<Refusal<'catalog/invalid-product', { field: string }>> | null> {
  if (handles.every((handle) => known.includes(handle))) return null
  const categories = await store.categories()
  const index = handles.findIndex(
    (handle) => !known.includes(handle) && !categories.some((category) => category.handle === handle),
  )
  if (index === -1) return null
  const field = `categories/${index}`
  return refuse('catalog/invalid-product', `${field} is "${handles[index]}", which is no category.`, { field })
}
