import { hash } from 'node:crypto'
import { setImmediate as aTurn } from 'node:timers/promises'
import type { CatalogProduct } from '../contract.ts'
import type { Deps } from '../deps.ts'
import { composeProduct } from '../product.ts'
import { saveProduct } from '../save-product.ts'
import type { ProductDocument, ProductSource, Rejection, SourceRows } from '../store/port.ts'
import { type Assembled, assemble, type Group, type Market, rejectAll } from './assemble.ts'
import type { Columns } from './columns.ts'
import { idsOf } from './derived-id.ts'
import { type KnownPictures, ownMediaId } from './read-pictures.ts'
import { RowReader } from './row-reader.ts'
import { type Level, setPrices, setStock, type WantedPrice } from './set-goods.ts'

/** What the import is about, the same for all of its products. */
export type Run = {
  readonly importId: string
  readonly columns: Columns
  readonly market: Market
}

export type Written = {
  readonly created: number
  readonly changed: number
  readonly unchanged: number
  readonly rejections: readonly Rejection[]
}

/** A product as it is to be written, with what the other services shall know of it. */
type Plan = {
  readonly group: Group
  readonly before: ProductDocument | null
  readonly product: CatalogProduct
  readonly source: Omit<ProductSource, 'markets'>
  readonly digest: string
  readonly prices: readonly WantedPrice[]
  readonly levels: readonly Level[]
  readonly rejections: readonly Rejection[]
}

/** Each round somebody else wrote one of the products, or took one of their SKUs, in between. */
const roundsAtMost = 50

/** Products looked at before the rest of the shop gets its turn: nothing here waits for anything but memory. */
const productsATurn = 50

/** Raised when the reading of a file changes, so that files are read anew that were imported by an older version. */
const rulesVersion = 1

/** Writes the products of some groups: prices and stock first, so that no product is seen without them. */
export async function writeProducts(deps: Deps, run: Run, groups: readonly Group[]): Promise<Written> {
  const known = await knownPictures(deps, run, groups)
  const counts = { created: 0, changed: 0, unchanged: 0 }
  const rejections: Rejection[] = []
  let open = groups
  for (let round = 0; open.length > 0; round++) {
    if (round === roundsAtMost) throw new Error(`catalog: ${open[0]?.handle} could not be written`)
    const plans: Plan[] = []
    const skus = new Map<string, string>()
    for (const [index, group] of open.entries()) {
      if (index % productsATurn === productsATurn - 1) await aTurn()
      const digest = digestOf(run, group)
      const before = await deps.store.byHandle(group.handle)
      const rows = before?.source?.markets[run.market.code]
      if (rows?.digest === digest) {
        counts[rows.importId === run.importId ? rows.outcome : 'unchanged'] += 1
        continue
      }
      const planned = await planProduct(deps, run, { group, before, known, digest, skus })
      if ('plan' in planned) plans.push(planned.plan)
      else rejections.push(...planned.rejections)
    }
    const outcomes = await writePlans(deps, run, plans)
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome === 'again') continue
      counts[outcome] += 1
      rejections.push(...(plans[index]?.rejections ?? []))
    }
    open = plans.filter((_, index) => outcomes[index] === 'again').map(({ group }) => group)
  }
  return { ...counts, rejections }
}

/** The pictures of this shop that the rows name by their address here. */
async function knownPictures(deps: Deps, { columns }: Run, groups: readonly Group[]): Promise<KnownPictures> {
  const { imageSrc, variantImage } = columns.indexOf
  if (imageSrc === undefined && variantImage === undefined) return { publicUrl: deps.publicUrl, stored: new Map() }
  const ids = groups.flatMap(({ rows }) =>
    rows.flatMap((row) => {
      const reader = new RowReader(columns, row)
      return [reader.text('imageSrc'), reader.text('variantImage')].flatMap(
        (address) => ownMediaId(address, deps.publicUrl) ?? [],
      )
    }),
  )
  const facts = ids.length === 0 ? [] : await deps.store.mediaFacts([...new Set(ids)])
  return { publicUrl: deps.publicUrl, stored: new Map(facts.map((one) => [one.id, one])) }
}

/** The same for the same cells under the same columns, however they are quoted. */
function digestOf({ columns }: Run, { rows }: Group): string {
  const text = JSON.stringify([rulesVersion, columns.names, rows.map(({ cells }) => cells)])
  return hash('sha256', text, 'base64url')
}

async function planProduct(
  deps: Deps,
  run: Run,
  about: {
    readonly group: Group
    readonly before: ProductDocument | null
    readonly known: KnownPictures
    readonly digest: string
    /** SKU → handle, of the products that are written together. */
    readonly skus: Map<string, string>
  },
): Promise<{ plan: Plan } | { rejections: readonly Rejection[] }> {
  const { group, before } = about
  const current = before?.product ?? null
  const firstRow = group.rows[0]?.row ?? 0
  const idAt = idsOf(run.importId, group.handle)
  const productId = current?.id ?? idAt('prod', firstRow)
  const now = new Date().toISOString()
  const refused: Rejection[] = []
  for (;;) {
    const assembled = assemble(run.columns, group, before, run.market, about.known, refused)
    if (!assembled.ok) return assembled
    const variantId = (index: number): string => idAt('variant', assembled.variants[index]?.row.row ?? 0)
    const composed = composeProduct(current, { ...assembled.wish, id: productId }, { now, variantId })
    if (!composed.ok) {
      const at = Number(/^variants\/(\d+)\//.exec(composed.field)?.[1] ?? -1)
      const variant = assembled.variants[at]
      const fault = { column: null, reason: `${composed.field} ${composed.message}` }
      if (!variant) return { rejections: rejectAll(group.handle, group.rows, fault, firstRow) }
      refused.push({ ...fault, row: variant.row.row, handle: group.handle })
      continue
    }
    const foreign = await foreignSku(deps, run, composed.product, assembled, about.skus)
    if (foreign) {
      refused.push({ ...foreign, handle: group.handle })
      continue
    }
    for (const { sku } of composed.product.variants) if (sku !== null) about.skus.set(sku, group.handle)
    const missing = await missingCategories(deps, assembled.categories)
    if (missing.length > 0) await deps.store.addCategories(missing)
    return { plan: planOf(run, about, composed.product, assembled) }
  }
}

async function missingCategories(deps: Deps, wanted: (Assembled & { ok: true })['categories']) {
  if (wanted.length === 0) return []
  const known = await deps.store.categories()
  return wanted.filter(({ handle }) => !known.some((category) => category.handle === handle))
}

/** The first of the product's SKUs that another product has, or gets in the same batch. */
async function foreignSku(
  deps: Deps,
  run: Run,
  product: CatalogProduct,
  assembled: Assembled & { ok: true },
  skus: ReadonlyMap<string, string>,
): Promise<Omit<Rejection, 'handle'> | null> {
  for (const [index, variant] of assembled.variants.entries()) {
    const sku = product.variants[index]?.sku ?? null
    if (sku === null || variant.before?.sku === sku) continue
    const here = skus.get(sku)
    const owner = here !== undefined && here !== product.handle ? here : (await deps.store.bySku(sku))?.product
    const handle = typeof owner === 'string' ? owner : owner && owner.id !== product.id ? owner.handle : null
    if (handle === null) continue
    const column = run.columns.names[run.columns.indexOf.sku ?? -1] ?? null
    return { row: variant.row.row, column, reason: `the SKU "${sku}" belongs to the product "${handle}"` }
  }
  return null
}

function planOf(
  run: Run,
  {
    group,
    before,
    digest,
  }: { readonly group: Group; readonly before: ProductDocument | null; readonly digest: string },
  product: CatalogProduct,
  { variants, rejections }: Assembled & { ok: true },
): Plan {
  const had = before?.source?.quantities ?? {}
  const idOf = (index: number): string => product.variants[index]?.id ?? ''
  const counted = variants.flatMap((one, index) =>
    one.quantity !== null && product.variants[index]?.inventoryTracked
      ? { variantId: idOf(index), onHand: one.quantity, isNew: !one.before }
      : [],
  )
  const ids = product.variants.map(({ id }) => id)
  const kept = Object.entries(had).filter(([id]) => ids.includes(id))
  return {
    group,
    before,
    product,
    digest: rejections.length > 0 ? '' : digest,
    rejections,
    source: {
      quantities: quantitiesOf([...kept, ...counted.map((one) => [one.variantId, one.onHand] as const)]),
      variantIds: variants.map((_, index) => idOf(index)),
    },
    prices: variants.flatMap((one, index) =>
      one.price === undefined && one.compareAtPrice === undefined
        ? []
        : {
            variantId: idOf(index),
            market: run.market.code,
            amount: one.price,
            compareAtAmount: one.compareAtPrice,
            isNew: !one.before,
          },
    ),
    // What was sold since the last file stays sold: only a number that differs from that file's was counted anew.
    levels: counted.filter((one) => had[one.variantId] !== one.onHand),
  }
}

/** Every product has keys of its own: V8 learns the shape of any other object, for ten times the processor time, and never meets it again. */
function quantitiesOf(entries: readonly (readonly [variantId: string, onHand: number])[]): ProductSource['quantities'] {
  const quantities: Record<string, number> = Object.create(null)
  for (const [variantId, onHand] of entries) quantities[variantId] = onHand
  return quantities
}

/** What became of each plan; `again` is to be planned anew: the product changed, or a SKU was taken, since it was looked at. */
async function writePlans(deps: Deps, run: Run, plans: readonly Plan[]): Promise<(SourceRows['outcome'] | 'again')[]> {
  const priced = new Set<Plan>()
  const stocked = new Set<string>()
  // Of what is not in the catalog yet nobody has to be told twice: that it is there now says all.
  for (const [isNew, some] of Map.groupBy(plans, ({ before }) => before === null)) {
    const goods = some.map(({ product, prices }) => ({ productId: product.id, prices }))
    const levels = some.flatMap((plan) => plan.levels)
    const [prices, counted] = await Promise.all([
      setPrices(deps, run.market.code, goods, isNew),
      setStock(deps, levels, isNew),
    ])
    for (const [index, plan] of some.entries()) if (prices[index]) priced.add(plan)
    for (const variantId of counted) stocked.add(variantId)
  }
  return Promise.all(
    plans.map(async (plan) => {
      const { before, product } = plan
      const isCounted = plan.levels.some(({ variantId }) => stocked.has(variantId))
      const isChanged = product !== before?.product || priced.has(plan) || isCounted
      const recorded = before?.source?.markets[run.market.code]
      const now = before === null ? 'created' : isChanged ? 'changed' : 'unchanged'
      const outcome = recorded?.importId === run.importId ? recorded.outcome : now
      const rows: SourceRows = { digest: plan.digest, importId: run.importId, outcome }
      const markets = { ...before?.source?.markets, [run.market.code]: rows }
      const next = { createdBy: null, ...before, product, source: { ...plan.source, markets } }
      return (await saveProduct(deps, before, next)).kind === 'written' ? outcome : 'again'
    }),
  )
}
