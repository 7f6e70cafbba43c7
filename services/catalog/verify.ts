import type { catalog } from '#contracts/catalog'
import type { Input, Outcome } from '#kernel/contract'
import { violationsNamedAtMost } from '#kernel/invariants'
import { newCheck, type Part, verifyPart } from '#kernel/verify'
import type { Deps } from './deps.ts'
import type { ProductDocument } from './store/port.ts'

type Verify = (typeof catalog.operations)['verify']

const pageSize = 200
/** An event younger than this may still be under way. */
const settledMs = 60_000

/** Reads every product and asks for it again by handle, variants and SKUs; and looks for events that nobody confirmed. */
export const verify = ({ store }: Pick<Deps, 'store'>, { cursor }: Input<Verify>): Promise<Outcome<Verify>> =>
  verifyPart([products(store), events(store)], cursor)

/** Page by page: a large catalog must not hold up those who shop in it. */
const products =
  (store: Deps['store']): Part =>
  async (from) => {
    const check = newCheck(
      'catalog',
      'each product is found by its handle, its variants and its SKUs, and its variants differ',
    )
    const page = await store.scan(from ?? '', pageSize)
    for (const document of page) {
      check.judged()
      const fault = await faultOf(store, document)
      if (fault) check.violated(fault)
    }
    return { checks: [check.result()], next: page.at(-1)?.product.id ?? null }
  }

async function faultOf(store: Deps['store'], { product }: ProductDocument): Promise<string | null> {
  const { id, handle, variants } = product
  const byHandle = await store.byHandle(handle)
  const owners = await store.byVariants(variants.map((variant) => variant.id))
  // Read again: it may have changed between one look and the next.
  if ((await store.get(id))?.product.version !== product.version) return null
  if (byHandle?.product.id !== id) return `${id}: handle "${handle}" leads to ${byHandle?.product.id ?? 'nothing'}`
  if (owners.length !== 1 || owners[0]?.product.id !== id) {
    return `${id}: its variants lead to ${owners.map((one) => one.product.id).join(', ') || 'nothing'}`
  }
  for (const { sku } of variants) {
    const owner = sku === null ? id : (await store.bySku(sku))?.product.id
    if (owner !== id) return `${id}: SKU "${sku}" leads to ${owner ?? 'nothing'}`
  }
  const combinations = new Set(variants.map(({ options }) => JSON.stringify(Object.values(options))))
  return combinations.size === variants.length ? null : `${id}: two variants have the same options`
}

const events =
  (store: Deps['store']): Part =>
  async () => {
    const before = new Date(Date.now() - settledMs).toISOString()
    const [overdue, backlog] = await Promise.all([
      store.events.overdue(before, violationsNamedAtMost),
      store.events.backlog(),
    ])
    const check = newCheck('I6', 'every event of a product is confirmed by its subscribers within a minute')
    check.judged(backlog.pending + backlog.dead)
    for (const { productId, type, subscriber } of overdue)
      check.violated(`${productId}: ${subscriber} has not confirmed ${type}`)
    return { checks: [check.result()], next: null }
  }
