import type { Money } from '#kernel/money'
import { useShop } from './shop.tsx'

type TotalsProps = {
  readonly totals: {
    readonly items: Money
    readonly discount: Money
    readonly shipping: Money
    readonly tax: Money
    readonly total: Money
  }
  readonly discounts: readonly { readonly label: string; readonly code: string | null; readonly amount: Money }[]
  readonly taxIncluded: boolean
  /** Null while it is not known where the goods go. */
  readonly shippingName: string | null
  readonly isFinal?: boolean
}

/** How the total comes about, line by line. */
export function Totals({ totals, discounts, taxIncluded, shippingName, isFinal = false }: TotalsProps) {
  const { money } = useShop()
  return (
    <dl class="totals">
      <div>
        <dt>Items</dt>
        <dd>{money(totals.items)}</dd>
      </div>
      {discounts.map(({ label, code, amount }) => (
        <div class="totals-discount">
          <dt>
            {label} {code && <span class="code">{code}</span>}
          </dt>
          <dd>−{money(amount)}</dd>
        </div>
      ))}
      <div>
        <dt>Shipping {shippingName && <span class="soft">{shippingName}</span>}</dt>
        <dd>
          {shippingName === null ? 'at checkout' : totals.shipping.amount === 0 ? 'Free' : money(totals.shipping)}
        </dd>
      </div>
      {!taxIncluded && (
        <div>
          <dt>Tax</dt>
          <dd>{shippingName === null && !isFinal ? 'at checkout' : money(totals.tax)}</dd>
        </div>
      )}
      <div class="totals-total">
        <dt>Total</dt>
        <dd>{money(totals.total)}</dd>
      </div>
      {taxIncluded && totals.tax.amount > 0 && (
        <div class="totals-tax">
          <dt>of which VAT</dt>
          <dd>{money(totals.tax)}</dd>
        </div>
      )}
    </dl>
  )
}
