import type T from 'typebox'
import type { DeepReadonly } from '#kernel/contract'
import { type CatalogProduct, type CatalogVariant, type NewProduct, optionsAtMost, variantsAtMost } from './contract.ts'
import { cleanText } from './html.ts'
import { cleanExtra, line, optionalLine, Wrong } from './product-fields.ts'

export type Variant = T.Static<typeof CatalogVariant>
export type GivenVariant = DeepReadonly<T.Static<typeof NewProduct>>['variants'][number]

/** Options as the variants use them, in order of appearance: for products whose caller did not name them. */
export function optionsOf(variants: readonly GivenVariant[]): { name: string; values: string[] }[] {
  const options = new Map<string, string[]>()
  for (const variant of variants) {
    for (const [name, value] of Object.entries(variant.options ?? {})) {
      options.set(name, [...(options.get(name) ?? []), value])
    }
  }
  return [...options].map(([name, values]) => ({ name, values }))
}

export function cleanOptions(
  options: readonly { readonly name: string; readonly values: readonly string[] }[],
): CatalogProduct['options'] {
  if (isDefaultTitle(options)) return []
  if (options.length > optionsAtMost) throw new Wrong('options', `are more than ${optionsAtMost}`)
  const names = new Set<string>()
  return options.map(({ name, values }, index) => {
    const cleaned = line(`options/${index}/name`, name, 60)
    if (names.has(cleaned.toLowerCase()) || cleaned === '__proto__') {
      throw new Wrong(`options/${index}/name`, 'is named twice, or cannot be a name')
    }
    names.add(cleaned.toLowerCase())
    const texts = values.map((value, at) => line(`options/${index}/values/${at}`, value, 255))
    return { name: cleaned, values: [...new Set(texts)] }
  })
}

/**
 * Which variant of `before` each of the given ones is: the one of its id, else of its option values, else of its SKU; the
 * others are new. An id that is not among them matches nothing.
 */
export function matchVariants(
  given: readonly {
    readonly id?: string | undefined
    readonly values: readonly string[]
    readonly sku: string | null
  }[],
  before: readonly Variant[],
  optionNames: readonly string[],
): (Variant | undefined)[] {
  const left = new Map(before.map((one) => [one.id, one]))
  const matched: (Variant | undefined)[] = given.map(() => undefined)
  const take = (index: number, found: Variant | undefined): void => {
    if (!found || matched[index]) return
    matched[index] = found
    left.delete(found.id)
  }
  const keyOf = (values: readonly (string | undefined)[]): string => JSON.stringify(values)
  for (const [index, { id }] of given.entries()) if (id !== undefined) take(index, left.get(id))
  const byValues = new Map(left.values().map((one) => [keyOf(optionNames.map((name) => one.options[name])), one]))
  for (const [index, { id, values }] of given.entries()) {
    const found = byValues.get(keyOf(values))
    if (id === undefined && found && left.has(found.id)) take(index, found)
  }
  const bySku = new Map(left.values().flatMap((one) => (one.sku === null ? [] : [[one.sku, one] as const])))
  for (const [index, { id, sku }] of given.entries()) {
    const found = sku === null ? undefined : bySku.get(sku)
    if (id === undefined && found && left.has(found.id)) take(index, found)
  }
  return matched
}

export function composeVariants(
  wished: readonly GivenVariant[],
  options: CatalogProduct['options'],
  before: readonly Variant[],
  media: ReadonlySet<string>,
  variantId: (index: number) => string,
): Variant[] {
  if (wished.length === 0) throw new Wrong('variants', 'are missing: a product has at least one')
  if (wished.length > variantsAtMost) throw new Wrong('variants', `are more than ${variantsAtMost}`)
  const byId = new Map(before.map((one) => [one.id, one]))
  const ids = new Set<string>()
  const given = wished.map((wish, index) => {
    const { id } = wish
    if (id !== undefined && (!byId.has(id) || ids.has(id))) {
      throw new Wrong(`variants/${index}/id`, 'is no variant of this product, or named twice')
    }
    if (id !== undefined) ids.add(id)
    const values = optionValues(index, wish, id === undefined ? undefined : byId.get(id), options)
    return { id, values, sku: wish.sku ? cleanText(wish.sku).trim() : null }
  })
  const names = options.map(({ name }) => name)
  const matched = matchVariants(given, before, names)
  return wished.map((wish, index) => {
    const values = given[index]?.values ?? []
    return {
      id: matched[index]?.id ?? variantId(index),
      ...composeVariant(wish, matched[index], media, `variants/${index}`),
      options: Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])),
    }
  })
}

/** How Shopify writes that a product has no options. */
const isDefaultTitle = (options: readonly { readonly name: string; readonly values: readonly string[] }[]): boolean =>
  options.length === 1 && options[0]?.name === 'Title' && options[0].values.every((value) => value === 'Default Title')

/** The variant's value of each option, in the options' order. */
function optionValues(
  index: number,
  wish: GivenVariant | undefined,
  before: Variant | undefined,
  options: CatalogProduct['options'],
): string[] {
  const given = Object.entries(wish?.options ?? before?.options ?? {}).map(([name, value]) => [name.trim(), value])
  for (const [name = '', value] of given) {
    if (options.length === 0 && name === 'Title' && value === 'Default Title') continue
    if (!options.some((one) => one.name === name)) {
      throw new Wrong(`variants/${index}/options/${name}`, 'is no option of this product')
    }
  }
  return options.map(({ name, values }) => {
    const value = cleanText(given.find(([one]) => one === name)?.[1] ?? '').trim()
    if (!values.includes(value)) {
      const reason = value === '' ? 'is missing' : `is "${value}", which is no value of this option`
      throw new Wrong(`variants/${index}/options/${name}`, reason)
    }
    return value
  })
}

function composeVariant(
  wish: GivenVariant,
  before: Variant | undefined,
  media: ReadonlySet<string>,
  field: string,
): Omit<Variant, 'id' | 'options'> {
  // A picture that the product has no more is nobody's mistake here; one that is asked for must be there.
  const inherited = before?.mediaId && media.has(before.mediaId) ? before.mediaId : null
  if (wish.mediaId && !media.has(wish.mediaId)) throw new Wrong(`${field}/mediaId`, 'is no picture of this product')
  return {
    sku: optionalLine(`${field}/sku`, wish.sku, before?.sku, 255),
    barcode: optionalLine(`${field}/barcode`, wish.barcode, before?.barcode, 64),
    grams: wish.grams ?? before?.grams ?? 0,
    requiresShipping: wish.requiresShipping ?? before?.requiresShipping ?? true,
    taxable: wish.taxable ?? before?.taxable ?? true,
    taxCode: optionalLine(`${field}/taxCode`, wish.taxCode, before?.taxCode, 60),
    inventoryPolicy: wish.inventoryPolicy ?? before?.inventoryPolicy ?? 'deny',
    inventoryTracked: wish.inventoryTracked ?? before?.inventoryTracked ?? true,
    mediaId: wish.mediaId === undefined ? inherited : wish.mediaId,
    extra: cleanExtra(`${field}/extra`, wish.extra ?? before?.extra ?? {}),
  }
}

export function checkVariants(variants: readonly Variant[]): void {
  const combinations = new Map<string, number>()
  const skus = new Set<string>()
  for (const [index, variant] of variants.entries()) {
    const combination = JSON.stringify(Object.values(variant.options))
    const twin = combinations.get(combination)
    if (twin !== undefined) {
      const what =
        combination === '[]' ? 'is a second one, but the product has no options' : `is the same as variant ${twin}`
      throw new Wrong(`variants/${index}/options`, what)
    }
    combinations.set(combination, index)
    if (variant.sku !== null && skus.has(variant.sku)) {
      throw new Wrong(`variants/${index}/sku`, `is "${variant.sku}", which another variant of this product has`)
    }
    if (variant.sku !== null) skus.add(variant.sku)
  }
}
