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
  /** What gift cards pay of the total, and what is left. */
  readonly giftCards: readonly { readonly last4: string; readonly amount: Money }[]
  readonly due: Money
  readonly taxIncluded: boolean
  /** Null while it is not known where the goods go. */
  readonly shippingName: string | null
  readonly isFinal?: boolean
}

/** How the total comes about, line by line. */
export function Totals({ totals, discounts, giftCards, due, taxIncluded, shippingName, isFinal = false }: TotalsProps) {
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
      {giftCards.map(({ last4, amount }) => (
        <div class="totals-gift-card">
          <dt>
            Gift card <span class="code">···· {last4}</span>
          </dt>
          <dd>{amount.amount === 0 ? money(amount) : `−${money(amount)}`}</dd>
        </div>
      ))}
      {giftCards.length > 0 && !(isFinal && due.amount === 0) && (
        <div class="totals-due">
          <dt>{isFinal ? 'Paid otherwise' : 'To pay'}</dt>
          <dd>{money(due)}</dd>
        </div>
      )}
    </dl>
  )
}
