import type { payments } from '#contracts/payments'
import type { Input, Outcome } from '#kernel/contract'
import { question, verifyPart } from '#kernel/verify'
import type { Deps } from './deps.ts'
import { compareWith, unknownProviders } from './verify-providers.ts'
import * as store from './verify-store.ts'

type Verify = (typeof payments.operations)['verify']

/** I2, I4, I7 and I9 over what this service keeps, and I2 against what each provider says. */
export const verify = (deps: Deps, { cursor }: Input<Verify>): Promise<Outcome<Verify>> =>
  verifyPart(
    [
      question(deps.db, 'I2', 'at most one payment an order holds or took money', store.ordersWithTwoLivePayments),
      question(deps.db, 'I2', 'refunded ≤ captured ≤ authorized ≤ amount', store.paymentsOutOfBounds),
      question(deps.db, 'I2', 'captures and refunds sum to what the payment says', store.paymentsUnlikeTheirOperations),
      ...[...deps.providers.values()].map((provider) => compareWith(deps, provider)),
      unknownProviders(deps),
      question(
        deps.db,
        'I4',
        'each ledger transaction balances to zero in each currency',
        store.unbalancedTransactions,
      ),
      question(deps.db, 'I4', 'the ledger balances to zero in each currency', store.unbalancedCurrencies),
      question(
        deps.db,
        'I4',
        'each capture and refund is booked once, with its amount',
        store.operationsUnlikeTheirBookings,
      ),
      question(
        deps.db,
        'I4',
        'each provider’s account is what its payments captured less what they refunded and what it keeps',
        store.providersUnlikeTheirAccount,
      ),
      question(
        deps.db,
        'I2',
        'what gift cards paid of orders and got back is what moved from and to them',
        store.usesUnlikeTheirMovements,
      ),
      question(deps.db, 'I4', 'the gift cards’ account is what is left on all of them', store.cardsUnlikeTheirAccount),
      question(
        deps.db,
        'I7',
        'no gift card is below zero, and each holds the sum of its movements',
        store.cardsUnlikeTheirMovements,
      ),
      question(deps.db, 'I9', 'a key moves money once', store.keysWithTwoOperations),
    ],
    cursor,
  )
