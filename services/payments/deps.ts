import type { Logger } from 'pino'
import { currentCall } from '#kernel/call'
import { type Database, refuseInsideTransaction } from '#kernel/database'
import type { Call as ProviderCall } from '../../providers/payments/port.ts'
import type { About, Callback } from './callbacks-store.ts'
import type { GiftCardCodes } from './gift-card-code.ts'
import type { GuardedProvider } from './guarded-provider.ts'
import type { PaymentRow } from './payment.ts'
import type { NewAttempt, News, OrderMoney } from './store.ts'

export type Deps = {
  readonly db: Database
  /** By name, in the order in which shoppers are offered them. */
  readonly providers: ReadonlyMap<string, GuardedProvider>
  /** What the shop's settings call a way to pay, by provider. */
  readonly titles: Readonly<Record<string, string>>
  readonly captureAtOnce: boolean
  readonly giftCardCodes: GiftCardCodes
  readonly log: Logger
  /** What many orders want at the same moment, each answered from a statement or a transaction that they share. */
  readonly beginAttempt: (attempt: NewAttempt) => Promise<PaymentRow | null>
  readonly record: (news: News & { readonly traceId: string }) => Promise<PaymentRow | null>
  readonly readMoney: (orderId: string) => Promise<OrderMoney | null>
  readonly scheduleSettled: (orderId: string) => Promise<void>
  readonly readAsked: (about: About) => Promise<Pick<PaymentRow, 'amount' | 'currency'> | null>
  readonly keepCallback: (callback: Callback) => Promise<'new' | 'known' | 'foreign'>
  /** Told of each place where a crash would leave something half done; see `points`. */
  readonly reached: (point: Point, orderId: string) => Promise<void>
}

/** Where the process may die with something half done, in the order in which an order passes them. */
export const points = [
  'attempt-committed',
  'attempt-answered',
  'operation-committed',
  'operation-answered',
  'callback-kept',
] as const
export type Point = (typeof points)[number]

/** A provider that takes longer is unknown for now and asked again; checkout waits no longer than that. */
export const providerTimeoutMs = 8_000
/** Beyond a provider's deadline nobody is at work any more on what was begun, so that others may take it up. */
export const abandonedAfterSeconds = 12
/** How soon an outcome nobody knows is asked for. */
export const unknownLookSeconds = 2

/** The provider that an attempt was made with. Throws when the shop no longer has it: then nobody can be asked. */
export function providerOf(deps: Deps, name: string): GuardedProvider {
  const provider = deps.providers.get(name)
  if (!provider) throw new Error(`payments: the provider ${name} has open payments and is not configured any more`)
  return provider
}

/** The deadline of a call to a provider: its own, or the caller's if that is earlier. Never inside a transaction. */
export function withinDeadline(provider: Pick<GuardedProvider, 'name'>): ProviderCall {
  refuseInsideTransaction(`the payment provider ${provider.name}`)
  const leftMs = (currentCall()?.deadline ?? Number.POSITIVE_INFINITY) - Date.now()
  return { signal: AbortSignal.timeout(Math.max(1, Math.min(providerTimeoutMs, leftMs))) }
}

/** Who asked, for the books: a staff member's id, `shopper`, or `system` for the shop itself. */
export function whoAsked(): string {
  const actor = currentCall()?.actor
  if (actor?.kind === 'staff') return actor.staffId
  return actor?.kind === 'customer' || actor?.kind === 'anonymous' ? 'shopper' : 'system'
}
