/**
 * The columns of Shopify's product CSV that Stoa has a field for, each with the names it goes by: that of the classic
 * export, then that of the newer template. Case and double spaces do not count.
 * Source: help.shopify.com/manual/products/import-export/using-csv and the template to be had there.
 */
const spellings = {
  handle: ['Handle', 'URL handle'],
  title: ['Title'],
  description: ['Body (HTML)', 'Body HTML', 'Description'],
  vendor: ['Vendor'],
  type: ['Type', 'Product Type', 'Custom Product Type'],
  tags: ['Tags'],
  published: ['Published', 'Published on online store'],
  status: ['Status'],
  option1Name: ['Option1 Name'],
  option1Value: ['Option1 Value'],
  option2Name: ['Option2 Name'],
  option2Value: ['Option2 Value'],
  option3Name: ['Option3 Name'],
  option3Value: ['Option3 Value'],
  sku: ['Variant SKU', 'SKU'],
  grams: ['Variant Grams', 'Weight value (grams)'],
  tracker: ['Variant Inventory Tracker', 'Inventory tracker'],
  quantity: ['Variant Inventory Qty', 'Inventory quantity'],
  policy: ['Variant Inventory Policy', 'Continue selling when out of stock'],
  price: ['Variant Price', 'Price'],
  compareAtPrice: ['Variant Compare At Price', 'Compare-at price'],
  requiresShipping: ['Variant Requires Shipping', 'Requires shipping'],
  taxable: ['Variant Taxable', 'Charge tax'],
  barcode: ['Variant Barcode', 'Barcode'],
  imageSrc: ['Image Src', 'Product image URL'],
  imagePosition: ['Image Position'],
  imageAlt: ['Image Alt Text'],
  giftCard: ['Gift Card'],
  seoTitle: ['SEO Title'],
  seoDescription: ['SEO Description'],
  variantImage: ['Variant Image', 'Variant image URL'],
  taxCode: ['Variant Tax Code', 'Tax code'],
  /** Ours: what Shopify's file has no column for. Other shops leave them alone. */
  categories: ['Stoa Categories'],
  attributes: ['Stoa Attributes'],
} as const satisfies Record<string, readonly [string, ...string[]]>

export type Field = keyof typeof spellings
export const fields = Object.keys(spellings) as Field[]

/** The name of a field's column in an export. */
export const columnName = (field: Field): string => spellings[field][0]

/** A column that Stoa has no field for, whose cells are kept as they came. */
export type ExtraColumn = {
  readonly index: number
  readonly name: string
  /** Whether its cell says something of the product, wherever it stands, or of the variant in its row. */
  readonly scope: 'product' | 'variant'
}

export type Columns = {
  /** As they stand in the file. */
  readonly names: readonly string[]
  readonly indexOf: Readonly<Partial<Record<Field, number>>>
  readonly extras: readonly ExtraColumn[]
}

const columnsAtMost = 1_000
const nameCharactersAtMost = 255

const plain = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase()
const fieldOf = new Map<string, Field>(
  fields.flatMap((field) => spellings[field].map((spelling) => [plain(spelling), field] as const)),
)

/** Whether a column has a field here. */
export const isKnownColumn = (name: string): boolean => fieldOf.has(plain(name))

const ofProduct =
  /^(?:google shopping \/|included \/|product category$|collection$|standardized product type$|custom product type$|metafield:)|\(product\.metafields\./i

/** Where the cells of a column without a field are kept. */
export const extraScope = (name: string): ExtraColumn['scope'] => (ofProduct.test(name.trim()) ? 'product' : 'variant')

/**
 * Reads the header of a file.
 * @param cells the header's cells, without the apostrophes that keep formulas from running
 * @returns what each column is, or in a sentence why this is no product file
 */
export function readHeader(cells: readonly string[]): { ok: true; columns: Columns } | { ok: false; error: string } {
  if (cells.length > columnsAtMost) return fault(`The file has more than ${columnsAtMost} columns.`)
  const indexOf: Partial<Record<Field, number>> = {}
  const extras: ExtraColumn[] = []
  const seen = new Set<string>()
  for (const [index, cell] of cells.entries()) {
    const name = cell.trim()
    if (name === '') continue
    if (name.length > nameCharactersAtMost) return fault(`Column ${index + 1} has a name that is no name.`)
    const field = fieldOf.get(plain(name))
    const key = field ? plain(name) : name
    if (seen.has(key)) return fault(`The column "${name}" is there twice.`)
    seen.add(key)
    // Of two names for one field the first counts; the other is kept like any column that is not known.
    if (field && indexOf[field] === undefined) indexOf[field] = index
    else extras.push({ index, name, scope: extraScope(name) })
  }
  if (indexOf.handle === undefined) {
    return fault('The file has no column "Handle" (or "URL handle"): it is no Shopify product CSV.')
  }
  return { ok: true, columns: { names: cells, indexOf, extras } }
}

const fault = (error: string): { ok: false; error: string } => ({ ok: false, error })
