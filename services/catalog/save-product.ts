import { randomUUID } from 'node:crypto'
import { productChanged, productRetired } from '#events/catalog'
import { currentCall, newTraceId } from '#kernel/call'
import { type Refusal, type Refused, refuse } from '#kernel/contract'
import { traceparentOf } from '#kernel/tracing'
import type { CatalogProduct } from './contract.ts'
import type { Deps } from './deps.ts'
import type { NewEvent, ProductDocument, PutVerdict } from './store/port.ts'

/**
 * Writes a product over `before` (null: it is new), and with it the event that says so: `product.retired` when it is no
 * longer sold, `product.changed` otherwise. A product whose version stayed the same is written without one.
 */
export async function saveProduct(
  { store, subscribersOf, wakeRelay }: Pick<Deps, 'store' | 'subscribersOf' | 'wakeRelay'>,
  before: ProductDocument | null,
  next: ProductDocument,
): Promise<PutVerdict> {
  const isNews = next.product.version !== before?.product.version
  const event = isNews ? eventOf(before?.product ?? null, next.product, subscribersOf) : null
  const verdict = await store.put(next, before?.product.version ?? null, event)
  if (verdict.kind === 'written' && event) wakeRelay()
  return verdict
}

function eventOf(
  before: CatalogProduct | null,
  product: CatalogProduct,
  subscribersOf: (eventType: string) => readonly string[],
): NewEvent {
  const { type } = before?.status === 'active' && product.status !== 'active' ? productRetired : productChanged
  return {
    subscribers: subscribersOf(type),
    event: {
      id: randomUUID(),
      type,
      source: 'catalog',
      subject: product.id,
      sequence: product.version,
      time: new Date().toISOString(),
      traceId: currentCall()?.traceId ?? newTraceId(),
      traceparent: traceparentOf(currentCall()),
      data: { productId: product.id },
    },
  }
}

type Taken =
  | Refusal<'catalog/handle-taken', { handle: string; field: string }>
  | Refusal<'catalog/sku-taken', { sku: string; field: string }>

/** What a caller is told when the product's handle or one of its SKUs belong to another product. */
export function taken(
  product: CatalogProduct,
  verdict: Exclude<PutVerdict, { kind: 'written' | 'conflict' }>,
): Refused<Taken> {
  if (verdict.kind === 'handle-taken') {
    const { handle } = verdict
    return refuse('catalog/handle-taken', `Another product has the handle "${handle}".`, { handle, field: 'handle' })
  }
  const { sku } = verdict
  const index = product.variants.findIndex((one) => one.sku === sku)
  return refuse('catalog/sku-taken', `Another product has the SKU "${sku}".`, { sku, field: `variants/${index}/sku` })
}
