import type { PictureSpec } from './pictures/picture.ts'

// The goods that a new shop opens with, of a made-up seller of things for the table, the room, the desk, the garden, the road and
// the wardrobe. Everything here is data; whoever seeds a shop decides what to do with it.

export const currencies = ['EUR', 'USD'] as const

/** EUR prices include tax, USD prices do not. Amounts are in minor units. */
export type Amounts = Readonly<Record<(typeof currencies)[number], number>>

export const locations = [
  { handle: 'warehouse', name: 'Warehouse Plagwitz', city: 'Leipzig', country: 'DE' },
  { handle: 'shop', name: 'Shop on the Square', city: 'Leipzig', country: 'DE' },
] as const

export type LocationHandle = (typeof locations)[number]['handle']

export type CategoryHandle = 'table' | 'room' | 'desk' | 'garden' | 'walking' | 'wardrobe'

export type DemoPicture = {
  readonly fileName: string
  readonly alt: string
  readonly spec: PictureSpec
  /** The option value that this picture shows; without it the picture is of the product as such. */
  readonly shows?: { readonly option: string; readonly value: string }
}

export type DemoVariant = {
  readonly sku: string
  /** EAN-13 with the prefix 29, which GS1 keeps for numbers that circulate within one company, so that no barcode of
   *  the demo shop is that of a real article. */
  readonly barcode: string
  /** Option name → value, in the order of the product's options; empty where the product has none. */
  readonly options: Readonly<Record<string, string>>
  readonly weightGrams: number
  readonly price: Amounts
  readonly compareAtPrice?: Amounts
  readonly stock: Readonly<Record<LocationHandle, number>>
  /** `continue` sells on when the stock is gone. */
  readonly policy: 'deny' | 'continue'
  /** The picture to show when this variant is chosen. */
  readonly picture: string
}

export type DemoProduct = {
  readonly handle: string
  readonly title: string
  readonly descriptionHtml: string
  readonly category: CategoryHandle
  readonly tags: readonly string[]
  readonly vendor: string
  /** What listings can be narrowed by. Color names are families (Blue), where option values are shades (Ink). */
  readonly attributes: Readonly<Record<'color' | 'material' | 'origin', readonly string[]>>
  readonly options: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly variants: readonly DemoVariant[]
  readonly seo: { readonly title: string; readonly description: string }
  readonly pictures: readonly DemoPicture[]
}
