import type { catalog } from '#contracts/catalog'
import { type Outcome, ok } from '#kernel/contract'
import { type InvariantCheck, violationsNamedAtMost } from '#kernel/invariants'
import type { Deps } from './deps.ts'
import type { ProductDocument } from './store/port.ts'

type Verify = (typeof catalog.operations)['verify']

const pageSize = 200
/** An event younger than this may still be under way. */
const settledMs = 60_000

/** Reads every product and asks for it again by handle, variants and SKUs; and looks for events that nobody confirmed. */
export async function verify({ store }: Pick<Deps, 'store'>): Promise<Outcome<Verify>> {
  const violations: string[] = []
  let checked = 0
  for (let after = ''; ; ) {
    const page = await store.scan(after, pageSize)
    for (const document of page) {
      checked += 1
      const fault = await faultOf(store, document)
      if (fault && violations.length < violationsNamedAtMost) violations.push(fault)
    }
    const last = page.at(-1)
    if (!last) break
    after = last.product.id
    // A large catalog must not hold up those who shop in it.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const whole: InvariantCheck = {
    invariant: 'catalog',
    what: 'each product is found by its handle, its variants and its SKUs, and its variants differ',
    checked,
    violations,
  }
  return ok({ checks: [whole, await events(store)] })
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

async function events(store: Deps['store']): Promise<InvariantCheck> {
  const before = new Date(Date.now() - settledMs).toISOString()
  const [overdue, backlog] = await Promise.all([
    store.events.overdue(before, violationsNamedAtMost),
    store.events.backlog(),
  ])
  return {
    invariant: 'I6',
    what: 'every event of a product is confirmed by its subscribers within a minute',
    checked: backlog.pending + backlog.dead,
    violations: overdue.map(
      ({ productId, type, subscriber }) => `${productId}: ${subscriber} has not confirmed ${type}`,
    ),
  }
}
