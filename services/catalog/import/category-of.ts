import { handlePattern } from '../contract.ts'
import type { StoredCategory } from '../store/port.ts'

const allowed = new RegExp(handlePattern, 'u')

/** Whether a text is a handle as it stands. */
export const isHandle = (text: string): boolean => text.length <= 255 && allowed.test(text)

/** A text as part of an address: lower case letters and digits of any script, with dashes; null when none are in it. */
export function handleOf(text: string): string | null {
  const handle = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 120)
  return isHandle(handle) ? handle : null
}

/**
 * The category that imported goods can be found in: their type, or else the last part of the taxonomy's path
 * (`Apparel & Accessories > Clothing > Shirts`).
 */
export function categoryOf(
  productType: string | null,
  extra: Readonly<Record<string, string>>,
): Pick<StoredCategory, 'handle' | 'title'> | null {
  const path = Object.entries(extra).find(([name]) => name.toLowerCase() === 'product category')?.[1] ?? ''
  const title = (productType ?? path.split('>').at(-1) ?? '').trim().slice(0, 120)
  const handle = handleOf(title)
  return handle === null ? null : { handle, title }
}

/** A title for a category of which only the handle is known. */
export const titleOf = (handle: string): string => handle.charAt(0).toUpperCase() + handle.slice(1).replaceAll('-', ' ')
