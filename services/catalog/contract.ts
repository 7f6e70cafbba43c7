import T from 'typebox'
import { MarketCode } from '#contracts/pricing'
import { anyone, command, contract, internal, query, staff } from '#kernel/contract'
import { Cursor, Limit, Nothing, Nullable, Page, Timestamp } from '#kernel/fields'
import { Id } from '#kernel/id'
import { verifyOperation } from '#kernel/invariants'
import { Money } from '#kernel/money'
import { Filled, Written } from '#kernel/validation-words'

export const ProductId = Id('prod')
export const VariantId = Id('variant')
export const ImportId = Id('import')
export const MediaId = Id('media')

/** Part of a product's address: lower case words and digits with dashes. Letters of any script, as Shopify allows. */
export const handlePattern = '^[^\\s/?#%\\\\A-Z]+$'
export const Handle = Written(handlePattern, 'lower case, without spaces and / ? # % \\', {
  minLength: 1,
  maxLength: 255,
})

/** Shopify's ceilings, which shops that move here keep within: 3 options, 100 variants (we allow 250), 250 images. */
export const optionsAtMost = 3
export const variantsAtMost = 250
export const mediaAtMost = 250

export const Media = T.Object(
  {
    id: MediaId,
    /** Where the shop serves it, or null when only the address it came from is known. */
    url: Nullable(T.String()),
    /** The address it was imported from. */
    sourceUrl: Nullable(T.String({ maxLength: 2_048 })),
    alt: T.String({ maxLength: 512 }),
    width: Nullable(T.Integer()),
    height: Nullable(T.Integer()),
  },
  { title: 'Media' },
)

const Seo = T.Object({
  title: Nullable(T.String({ maxLength: 255 })),
  description: Nullable(T.String({ maxLength: 1_000 })),
})

const VariantFields = {
  sku: Nullable(Filled(255)),
  barcode: Nullable(Filled(64)),
  /** Option name → value, one for each of the product's options. */
  options: T.Record(T.String(), T.String()),
  grams: T.Integer({ minimum: 0, maximum: 100_000_000 }),
  requiresShipping: T.Boolean(),
  taxable: T.Boolean(),
  taxCode: Nullable(Filled(60)),
  /** `continue` sells beyond stock as a back-order. */
  inventoryPolicy: T.Union([T.Literal('deny'), T.Literal('continue')]),
  /** False: stock is not counted, always available. */
  inventoryTracked: T.Boolean(),
  mediaId: Nullable(MediaId),
  /** Columns of an imported file that Stoa has no field for, as they came. */
  extra: T.Record(T.String(), T.String()),
}

/** A variant as catalog keeps it: no price (pricing has it), no stock (inventory has it). */
export const CatalogVariant = T.Object({ id: VariantId, ...VariantFields })

export const ProductStatus = T.Union([T.Literal('active'), T.Literal('draft'), T.Literal('archived')])

/** What shoppers filter by besides options: Material → Oak. */
export const ProductAttributes = T.Array(
  T.Object({ name: Filled(60), values: T.Array(Filled(120), { minItems: 1, maxItems: 50 }) }),
  { maxItems: 50 },
)

const ProductFields = {
  handle: Handle,
  title: Filled(255),
  /** Sanitized: it is shown as it is. */
  descriptionHtml: T.String({ maxLength: 200_000 }),
  vendor: Nullable(Filled(255)),
  productType: Nullable(Filled(255)),
  tags: T.Array(Filled(255), { maxItems: 250 }),
  status: ProductStatus,
  isGiftCard: T.Boolean(),
  /** Category handles. */
  categories: T.Array(Handle, { maxItems: 50 }),
  attributes: ProductAttributes,
  options: T.Array(
    T.Object({ name: Filled(60), values: T.Array(Filled(255), { minItems: 1, maxItems: variantsAtMost }) }),
    {
      maxItems: optionsAtMost,
    },
  ),
  seo: Seo,
  extra: T.Record(T.String(), T.String()),
}

/** A product as catalog keeps it. */
export const CatalogProduct = T.Object(
  {
    id: ProductId,
    ...ProductFields,
    variants: T.Array(CatalogVariant, { minItems: 1, maxItems: variantsAtMost }),
    media: T.Array(Media, { maxItems: mediaAtMost }),
    /** Rises by one at each change; a write names the version it saw. */
    version: T.Integer({ minimum: 1 }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'CatalogProduct' },
)
export type CatalogProduct = T.Static<typeof CatalogProduct>

/** A variant as shoppers see it in a market. */
export const Variant = T.Object(
  {
    id: VariantId,
    sku: Nullable(T.String()),
    barcode: Nullable(T.String()),
    options: T.Record(T.String(), T.String()),
    price: Money,
    compareAtPrice: Nullable(Money),
    /** Whether one can be ordered now, from stock or as a back-order. */
    available: T.Boolean(),
    /** Said only when few are left, so that nobody can read a shop's stock. */
    lowStock: Nullable(T.Integer()),
    /** Available, but not from stock. */
    backorder: T.Boolean(),
    mediaId: Nullable(MediaId),
  },
  { title: 'Variant' },
)

/** A product as shoppers see it in a market. */
export const Product = T.Object(
  {
    id: ProductId,
    handle: Handle,
    title: T.String(),
    descriptionHtml: T.String(),
    vendor: Nullable(T.String()),
    productType: Nullable(T.String()),
    tags: T.Array(T.String()),
    categories: T.Array(T.Object({ handle: Handle, title: T.String() })),
    attributes: T.Array(T.Object({ name: T.String(), values: T.Array(T.String()) })),
    options: T.Array(T.Object({ name: T.String(), values: T.Array(T.String()) })),
    variants: T.Array(Variant),
    media: T.Array(Media),
    seo: Seo,
    market: MarketCode,
    updatedAt: Timestamp,
  },
  { title: 'Product' },
)

export const Category = T.Object(
  {
    handle: Handle,
    title: Filled(120),
    description: T.String({ maxLength: 2_000 }),
    position: T.Integer(),
    mediaUrl: Nullable(T.String()),
  },
  { title: 'Category' },
)

/** What cart and orders need to know of a variant. */
export const SellableVariant = T.Object({
  variantId: T.String(),
  productId: T.String(),
  handle: T.String(),
  title: T.String(),
  /** Option values in order, joined: Red / L; empty for products without options. */
  variantTitle: T.String(),
  sku: Nullable(T.String()),
  options: T.Record(T.String(), T.String()),
  categories: T.Array(T.String()),
  grams: T.Integer(),
  requiresShipping: T.Boolean(),
  taxable: T.Boolean(),
  taxCode: Nullable(T.String()),
  inventoryPolicy: T.Union([T.Literal('deny'), T.Literal('continue')]),
  inventoryTracked: T.Boolean(),
  imageUrl: Nullable(T.String()),
  /** False for drafts and archived products: it is not sold any more. */
  active: T.Boolean(),
})

const Invalid = T.Object({ field: T.String() })

/** The part of `stoa.config.ts` that catalog reads. */
export const CatalogSettings = T.Object({
  /** From this many units down shoppers are told how many are left; 0 never tells. */
  lowStock: T.Integer({ minimum: 0, maximum: 1_000 }),
})
export type CatalogSettings = T.Static<typeof CatalogSettings>

/** A product with prices and stock, as staff edit it. */
export const AdminProduct = T.Object(
  {
    ...CatalogProduct.properties,
    prices: T.Array(
      T.Object({ variantId: T.String(), market: MarketCode, price: Money, compareAtPrice: Nullable(Money) }),
    ),
    stock: T.Array(T.Object({ variantId: T.String(), available: T.Integer() })),
  },
  { title: 'AdminProduct' },
)

const NewVariant = T.Object({
  ...T.Partial(T.Object(VariantFields)).properties,
  /** Present for a variant that exists already. */
  id: T.Optional(VariantId),
})

export const NewProduct = T.Object({
  ...T.Partial(T.Object(ProductFields)).properties,
  handle: Handle,
  title: ProductFields.title,
  variants: T.Array(NewVariant, { minItems: 1, maxItems: variantsAtMost }),
})

export const ImportState = T.Union([
  T.Literal('uploading'),
  T.Literal('running'),
  T.Literal('done'),
  T.Literal('failed'),
])

export const ImportReport = T.Object(
  {
    id: ImportId,
    fileName: T.String(),
    market: MarketCode,
    state: ImportState,
    /** Bytes uploaded and bytes read so far. */
    bytes: T.Integer(),
    bytesDone: T.Integer(),
    rows: T.Integer(),
    productsCreated: T.Integer(),
    productsChanged: T.Integer(),
    productsUnchanged: T.Integer(),
    rowsRejected: T.Integer(),
    /** Columns that have no field here; kept in `extra`. */
    unknownColumns: T.Array(T.String()),
    imagesStored: T.Integer(),
    imagesKeptAsAddress: T.Integer(),
    /** Why it failed, for a person. */
    error: Nullable(T.String()),
    startedAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'ImportReport' },
)

const productRefusals = {
  'catalog/handle-taken': [409, T.Object({ handle: T.String(), field: T.String() })],
  'catalog/sku-taken': [409, T.Object({ sku: T.String(), field: T.String() })],
  'catalog/invalid-product': [422, Invalid],
} as const

/** A picture as it is uploaded or fetched, in bytes. Shopify takes 20 MB; what is larger is no picture for a page. */
export const pictureBytesAtMost = 15 * 1024 * 1024
/** What a picture may be; its first bytes decide, whatever it is called. */
export const pictureTypes = [
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/avif',
  'image/gif',
  'image/svg+xml',
] as const

const StoredPicture = T.Object({
  mediaId: MediaId,
  url: T.String(),
  width: Nullable(T.Integer()),
  height: Nullable(T.Integer()),
})

/** The pictures of a product in their order: stored ones, and those that it has already. */
const Pictures = T.Array(T.Object({ mediaId: MediaId, alt: T.String({ maxLength: 512 }) }), { maxItems: mediaAtMost })

/** A part of an upload; a file of any size arrives in these. */
export const importPartBytesAtMost = 900_000

export const catalog = contract('catalog', {
  product: query('GET /products/{handle}', {
    summary:
      'A product with its variants, prices and availability in a market; a handle that it had before finds it as well',
    access: anyone,
    // No event tells of each unit that few are left of, nor of another product that takes a handle which this one gave up.
    shared: ({ handle }, product) =>
      handle === product.handle && product.variants.every(({ lowStock }) => lowStock === null) ? product.id : null,
    input: T.Object({ handle: Handle, market: T.Optional(MarketCode) }),
    output: Product,
    refusals: {
      'catalog/unknown-product': 404,
      'catalog/retired-product': [410, T.Object({ title: T.String() })],
      'pricing/unknown-market': 404,
    },
  }),
  categories: query('GET /categories', {
    summary: 'The categories, in the shop’s order',
    access: anyone,
    shared: true,
    input: T.Object({}),
    output: T.Object({ items: T.Array(Category) }),
  }),
  products: query(null, {
    summary: 'Products as catalog keeps them, by id; unknown ids are missing from the answer',
    access: internal,
    input: T.Object({ productIds: T.Array(T.String(), { maxItems: 1_000 }) }),
    output: T.Object({ items: T.Array(CatalogProduct) }),
  }),
  sellable: query(null, {
    summary: 'What cart and orders need to know of variants; unknown ids are missing from the answer',
    access: internal,
    input: T.Object({ variantIds: T.Array(T.String(), { maxItems: 1_000 }) }),
    output: T.Object({ items: T.Array(SellableVariant) }),
  }),
  scan: query(null, {
    summary: 'All products by id, page by page, for rebuilding a read model, the site map and the export',
    access: internal,
    input: T.Object({ cursor: Cursor, limit: T.Optional(T.Integer({ minimum: 1, maximum: 500 })) }),
    output: Page(CatalogProduct),
  }),
  media: query(null, {
    summary: 'The bytes of a stored picture; `width` asks for a raster no wider than that',
    access: internal,
    input: T.Object({
      mediaId: MediaId,
      width: T.Optional(T.Union([T.Literal(320), T.Literal(640), T.Literal(1280)])),
    }),
    output: T.Object({ contentType: T.String(), base64: T.String(), etag: T.String() }),
    refusals: { 'catalog/unknown-media': 404 },
  }),
  putCategories: command(null, {
    summary: 'Replace the list of categories',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ categories: T.Array(Category, { maxItems: 1_000 }) }),
    output: Nothing,
  }),
  putMedia: command(null, {
    summary:
      'Store a picture (SVG, PNG, JPEG, WebP, AVIF or GIF; checked and cleaned); the same bytes give the same id',
    access: internal,
    idempotency: 'natural',
    input: T.Object({ base64: T.String({ maxLength: 7_000_000 }) }),
    output: StoredPicture,
    refusals: { 'catalog/invalid-media': 422 },
  }),
  uploadMedia: command('POST /admin/media', {
    summary:
      'Upload a picture, as its bytes: checked, cleaned and named by the shop, the same bytes always the same. Products then name it in `media`',
    access: staff('catalog:write'),
    status: 201,
    idempotency: 'natural',
    raw: { contentTypes: pictureTypes, headers: [], maxBytes: pictureBytesAtMost },
    input: T.Object({
      /** Base64: bytes do not pass through JSON. */
      rawBody: T.String({ minLength: 1, maxLength: Math.ceil(pictureBytesAtMost / 3) * 4 }),
      headers: T.Object({}),
    }),
    output: StoredPicture,
    refusals: { 'catalog/invalid-media': 422 },
  }),
  putProduct: command(null, {
    summary: 'Create or change a product by handle; nothing happens when nothing differs. For seeding',
    access: internal,
    idempotency: 'natural',
    input: T.Object({
      product: NewProduct,
      media: T.Optional(Pictures),
    }),
    output: CatalogProduct,
    refusals: productRefusals,
  }),
  adminProducts: query('GET /admin/products', {
    summary:
      'Products of any status, for staff; `q` matches how words of title, handle and SKU begin, or else parts of them',
    access: staff('catalog:read'),
    input: T.Object({
      q: T.Optional(T.String({ maxLength: 200 })),
      status: T.Optional(ProductStatus),
      cursor: Cursor,
      limit: Limit(50),
    }),
    output: Page(CatalogProduct),
  }),
  adminProduct: query('GET /admin/products/{productId}', {
    summary: 'A product with its prices in every market and its stock',
    access: staff('catalog:read'),
    input: T.Object({ productId: ProductId }),
    output: AdminProduct,
    refusals: { 'catalog/unknown-product': 404 },
  }),
  createProduct: command('POST /admin/products', {
    summary: 'Create a product',
    access: staff('catalog:write'),
    status: 201,
    input: T.Object({ ...NewProduct.properties, media: T.Optional(Pictures) }),
    output: CatalogProduct,
    refusals: productRefusals,
  }),
  updateProduct: command('PATCH /admin/products/{productId}', {
    summary: 'Change a product; names the version that was seen, so that nobody overwrites another’s change unseen',
    access: staff('catalog:write'),
    input: T.Object({
      productId: ProductId,
      version: T.Integer({ minimum: 1 }),
      ...T.Partial(T.Object(ProductFields)).properties,
      variants: T.Optional(T.Array(NewVariant, { minItems: 1, maxItems: variantsAtMost })),
      media: T.Optional(Pictures),
    }),
    output: CatalogProduct,
    refusals: {
      ...productRefusals,
      'catalog/unknown-product': 404,
      'catalog/version-conflict': [409, T.Object({ version: T.Integer() })],
    },
  }),
  createImport: command('POST /admin/imports', {
    summary: 'Begin an import of a Shopify product CSV; its bytes follow in parts',
    access: staff('catalog:write'),
    status: 201,
    input: T.Object({ fileName: T.String({ minLength: 1, maxLength: 255 }), market: T.Optional(MarketCode) }),
    output: ImportReport,
    refusals: { 'pricing/unknown-market': 404 },
  }),
  putImportPart: command('PUT /admin/imports/{importId}/parts/{part}', {
    summary: 'Upload part 0, 1, 2 … of the file; the same part again replaces it',
    access: staff('catalog:write'),
    raw: { contentTypes: ['text/csv'], headers: [], maxBytes: 1_000_000 },
    input: T.Object({
      importId: ImportId,
      part: T.Integer({ minimum: 0, maximum: 100_000 }),
      rawBody: T.String({ minLength: 1, maxLength: 1_000_000 }),
      headers: T.Object({}),
    }),
    output: ImportReport,
    refusals: { 'catalog/unknown-import': 404, 'catalog/import-started': 409 },
  }),
  startImport: command('POST /admin/imports/{importId}/start', {
    summary:
      'Read the uploaded file; it goes on by itself, also after a crash. A column of stock needs inventory:write, one of prices pricing:write',
    access: staff('catalog:write'),
    status: 202,
    input: T.Object({ importId: ImportId }),
    output: ImportReport,
    refusals: {
      'catalog/unknown-import': 404,
      'catalog/import-incomplete': [409, T.Object({ missingPart: T.Integer() })],
      'catalog/column-not-allowed': [403, T.Object({ column: T.String(), permission: T.String() })],
    },
  }),
  imports: query('GET /admin/imports', {
    summary: 'Imports, newest first',
    access: staff('catalog:read'),
    input: T.Object({ cursor: Cursor, limit: Limit(20) }),
    output: Page(ImportReport),
  }),
  import: query('GET /admin/imports/{importId}', {
    summary: 'How far an import is',
    access: staff('catalog:read'),
    input: T.Object({ importId: ImportId }),
    output: ImportReport,
    refusals: { 'catalog/unknown-import': 404 },
  }),
  importRejections: query('GET /admin/imports/{importId}/rejections', {
    summary: 'The rows that were not imported, each with its number and the reason',
    access: staff('catalog:read'),
    input: T.Object({ importId: ImportId, cursor: Cursor, limit: Limit(50) }),
    output: Page(
      T.Object({ row: T.Integer(), handle: Nullable(T.String()), column: Nullable(T.String()), reason: T.String() }),
    ),
    refusals: { 'catalog/unknown-import': 404 },
  }),
  exportProducts: query('GET /admin/exports/products', {
    summary: 'Products as Shopify product CSV, page by page: join the pages’ texts. It imports to the same catalog',
    access: staff('catalog:read'),
    // The first page looks through the whole catalog for the columns that all pages have.
    timeoutMs: 60_000,
    input: T.Object({ market: T.Optional(MarketCode), cursor: Cursor }),
    output: T.Object({ csv: T.String(), nextCursor: Nullable(T.String()) }),
    refusals: { 'pricing/unknown-market': 404 },
  }),
  verify: verifyOperation('Products are whole: handles and SKUs lead back to them, no event was left behind'),
})
