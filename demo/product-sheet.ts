import type { Amounts, CategoryHandle, DemoPicture, DemoProduct, DemoVariant } from './demo-shop.ts'
import { isShade, palette } from './palette.ts'
import { scatter } from './pictures/material.ts'
import type { Backdrop, Drawing, PictureSpec, Thing } from './pictures/picture.ts'
import type { Light, Tone } from './pictures/studio.ts'

type Change = { readonly price?: Amounts; readonly was?: Amounts; readonly weightGrams?: number }

/** A product as we write it down: what all its variants share, and what a single option value changes. */
export type ProductSheet = {
  /** Never changes and is never given twice: barcodes are made from it. */
  readonly number: number
  /** The stem of its SKUs. */
  readonly sku: string
  readonly handle: string
  readonly title: string
  readonly vendor: string
  readonly origin: string
  readonly materials: readonly string[]
  /** Color families, where no color is to choose. */
  readonly colors?: readonly string[]
  readonly tags: readonly string[]
  readonly story: string
  readonly seo: { readonly title: string; readonly description: string }
  readonly price: Amounts
  /** The price before it was lowered. */
  readonly was?: Amounts
  readonly weightGrams: number
  readonly options?: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly changes?: Readonly<Record<string, Change>>
  /** About how many there are of each variant. */
  readonly stock: number
  /** Exact stock of single variants, by their values joined with ` / `; `only` for a product without options. */
  readonly counted?: Readonly<Record<string, number>>
  readonly policy?: 'continue'
  readonly frame: Frame
  /** What is drawn for each value of the option that shows, or `only` for a product that looks the same throughout. */
  readonly looks: Readonly<Record<string, Drawing & { readonly tone?: Tone }>>
  readonly scene: PictureSpec & { readonly alt: string }
}

/** How the thing stands in its first pictures. */
type Frame = Pick<Thing, 'x' | 'y' | 'scale' | 'turn'> & {
  readonly place: 'studio' | 'wall' | 'tabletop'
  readonly tone: Tone
  readonly light?: Light
}

const lights = ['two-arches', 'one-arch', 'wide-arch', 'high-arch'] as const

/** Turns what we wrote down into the products of the shop, with every variant and every picture spelled out. */
export function productOf(category: CategoryHandle, sheet: ProductSheet): DemoProduct {
  const pictures = picturesOf(sheet)
  const options = sheet.options ?? []
  const combinations = combine(options.map(({ values }) => values))
  const shown = optionShown(sheet)
  return {
    handle: sheet.handle,
    title: sheet.title,
    descriptionHtml: sheet.story,
    category,
    tags: sheet.tags,
    vendor: sheet.vendor,
    attributes: { color: colorsOf(sheet), material: sheet.materials, origin: [sheet.origin] },
    options,
    variants: combinations.map((values, index) => variantOf(sheet, values, index, pictureOf(pictures, shown, values))),
    seo: sheet.seo,
    pictures,
  }
}

function variantOf(sheet: ProductSheet, values: readonly string[], index: number, picture: string): DemoVariant {
  const changed = (sheet.options ?? []).flatMap((_, at) => sheet.changes?.[values[at] ?? ''] ?? [])
  const last = <Name extends keyof Change>(name: Name) =>
    changed.findLast((change) => change[name] !== undefined)?.[name]
  const was = last('was') ?? sheet.was
  return {
    sku: [sheet.sku, ...values.map((value) => value.toUpperCase().replace(/[^A-Z0-9]+/g, ''))].join('-'),
    barcode: barcode(sheet.number, index + 1),
    options: Object.fromEntries((sheet.options ?? []).map(({ name }, at) => [name, values[at] ?? ''])),
    weightGrams: last('weightGrams') ?? sheet.weightGrams,
    price: last('price') ?? sheet.price,
    ...(was === undefined ? {} : { compareAtPrice: was }),
    stock: stockOf(sheet, values, index),
    policy: sheet.policy ?? 'deny',
    picture,
  }
}

/** Every way to take one value from each list, the last list turning fastest; one empty way where there is no list. */
function combine(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])),
    [[]],
  )
}

/** An EAN-13 (GS1 General Specifications 7.9: digits weighted 1 and 3 from the left, the last makes the sum a ten). */
function barcode(product: number, variant: number): string {
  const digits = `29${String(product).padStart(5, '0')}${String(variant).padStart(5, '0')}`
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** The warehouse has about what the sheet says, a little more or less for each variant; the shop keeps an eighth of it. */
function stockOf(sheet: ProductSheet, values: readonly string[], index: number): DemoVariant['stock'] {
  const counted = sheet.counted?.[values.join(' / ') || 'only']
  if (counted !== undefined) return { warehouse: counted, shop: 0 }
  const warehouse = Math.round(sheet.stock * (0.7 + 0.6 * scatter(sheet.number * 100 + index)()))
  return { warehouse, shop: Math.floor(warehouse / 8) }
}

function colorsOf(sheet: ProductSheet): readonly string[] {
  const shades = (sheet.options ?? []).flatMap(({ values }) => values).filter(isShade)
  return [...new Set([...shades.map((shade) => palette[shade].family), ...(sheet.colors ?? [])])]
}

/** The option whose values look different, if one does. */
function optionShown(sheet: ProductSheet): string | undefined {
  return sheet.options?.find(({ values }) => values.every((value) => value in sheet.looks))?.name
}

function pictureOf(pictures: readonly DemoPicture[], shown: string | undefined, values: readonly string[]): string {
  const own = pictures.find((picture) => picture.shows?.option === shown && values.includes(picture.shows?.value ?? ''))
  const first = own ?? pictures[0]
  if (first === undefined) throw new Error('a product needs a picture')
  return first.fileName
}

function picturesOf(sheet: ProductSheet): readonly DemoPicture[] {
  const option = optionShown(sheet)
  const { place, tone, light = lights[sheet.number % lights.length] ?? 'one-arch', ...frame } = sheet.frame
  const own = Object.entries(sheet.looks).map(([value, { tone: ownTone = tone, ...drawing }]): DemoPicture => {
    const backdrop: Backdrop = place === 'tabletop' ? { place, tone: ownTone } : { place, tone: ownTone, light }
    const alone = value === 'only'
    return {
      fileName: alone
        ? `${sheet.handle}.svg`
        : `${sheet.handle}-${value.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`,
      alt: alone ? sheet.title : `${sheet.title}, ${value.toLowerCase()}`,
      spec: { backdrop, things: [{ ...drawing, ...frame }] },
      ...(alone || option === undefined ? {} : { shows: { option, value } }),
    }
  })
  const { alt, backdrop, things } = sheet.scene
  return [...own, { fileName: `${sheet.handle}-scene.svg`, alt, spec: { backdrop, things } }]
}
