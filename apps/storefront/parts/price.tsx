import type { Money } from '#kernel/money'
import { useShop } from './shop.tsx'

/** A price, and what it was before. */
export function Price({ price, before, isFrom = false }: { price: Money; before: Money | null; isFrom?: boolean }) {
  const { money } = useShop()
  const isReduced = before !== null && before.amount > price.amount
  return (
    <span class={isReduced ? 'price price-reduced' : 'price'}>
      {isReduced && <span class="visually-hidden">Now </span>}
      {isFrom && <span class="price-from">from </span>}
      <span class="price-now">{money(price)}</span>
      {isReduced && (
        <>
          {' '}
          <span class="visually-hidden">instead of </span>
          <s class="price-before">{money(before)}</s>
        </>
      )}
    </span>
  )
}

/** How many per cent a price fell, in whole numbers; null when it did not. */
export function reduction(price: Money, before: Money | null): number | null {
  if (before === null || before.amount <= price.amount) return null
  return Math.round((1 - price.amount / before.amount) * 100) || null
}

/** What a price contains, as law and habit of the market have it said. */
export function TaxNote() {
  const { market, settings, href } = useShop()
  const shipping = settings.shippingPage
  return (
    <small class="tax-note">
      {market.taxIncluded ? 'incl. VAT' : 'plus tax'}, plus{' '}
      {shipping ? <a href={href(`/pages/${shipping}`)}>shipping</a> : 'shipping'}
    </small>
  )
}
