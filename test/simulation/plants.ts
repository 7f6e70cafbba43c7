import type { PaymentProvider } from '../../providers/payments/port.ts'

/** A bug that is put into a run, to see that it is found. */
export type Plant = {
  /** What becomes of a statement on its way to PostgreSQL. */
  readonly rewrite?: (statement: string) => string
  /** What the payments service gets in place of the provider's adapter. */
  readonly adapter?: (adapter: PaymentProvider) => PaymentProvider
}
