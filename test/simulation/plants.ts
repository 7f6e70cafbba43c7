import type { PaymentProvider } from '../../providers/payments/port.ts'
import type { SimulatedPostgres } from './postgres.ts'

/** A bug that is put into a run from outside, to see that it is found. */
export type Plant = {
  /** What an engineer might have done. */
  readonly mistake: string
  /** What becomes of a statement on its way to PostgreSQL. */
  readonly rewrite?: (statement: string) => string
  /** Statements that are carried out at once, on a connection of their own, in whatever transaction they are. */
  readonly leavesTransaction?: (statement: string) => boolean
  /** What the payments service gets in place of the provider's adapter. */
  readonly adapter?: (adapter: PaymentProvider) => PaymentProvider
  /** What is done to the database beforehand, and what undoes it. */
  readonly database?: { readonly change: string; readonly restore: string }
}

export const plants = {
  'publish-before-commit': {
    mistake:
      'An event is published on a connection of its own, and so before the decision that it tells of has committed.',
    leavesTransaction: (statement) => /insert into outbox\b/.test(statement),
  },
  'compensate-on-time-out': {
    mistake: 'A provider that does not answer in time is taken for one that declined.',
    adapter: (adapter) => ({
      ...adapter,
      async authorize(request, call) {
        const result = await adapter.authorize(request, call)
        return result.outcome === 'unknown' ? { outcome: 'declined', reason: 'card-declined' } : result
      },
    }),
  },
  'cart-without-key': {
    mistake: 'Nothing but the program’s own look keeps a cart from having two live orders.',
    rewrite: (statement) => statement.replace(/on conflict \(cart_id\) where state in \([^)]*\) do nothing/, ''),
    database: {
      change: 'drop index orders.orders_live_cart',
      restore: `create unique index orders_live_cart on orders.orders (cart_id)
                where state in ('placing', 'awaiting_payment', 'placed', 'fulfilled')`,
    },
  },
  'event-handled-twice': {
    mistake: 'The inbox writes down what was handled, and nobody looks.',
    rewrite: (statement) =>
      statement.replace(
        'on conflict (event_id) do nothing returning',
        'on conflict (event_id) do update set handled_at = now() returning',
      ),
  },
  'key-for-each-try': {
    mistake: 'A payment that is asked for again is asked for under another key.',
    adapter: (adapter) => ({
      ...adapter,
      authorize: (request, call) =>
        adapter.authorize({ ...request, attemptKey: `${request.attemptKey} ${Date.now()}` }, call),
    }),
  },
  'provider-not-told': {
    mistake: 'An order that is given up is taken for unpaid, and the provider is not told to let its payment go.',
    adapter: (adapter) => ({ ...adapter, abandon: async () => ({ outcome: 'abandoned' }) }),
  },
  'gift-card-before-attempt': {
    mistake:
      'What a gift card pays is taken from it by itself, and so before the attempt that it is part of has committed.',
    leavesTransaction: (statement) => /insert into gift_card_uses/.test(statement),
    rewrite: (statement) => statement.replace(/(select 1 from gift_cards where id = any.*) for update/, '$1'),
    database: {
      change: 'alter table payments.gift_card_uses drop constraint gift_card_uses_order_id_fkey',
      restore: `alter table payments.gift_card_uses add constraint gift_card_uses_order_id_fkey
                foreign key (order_id) references payments.order_payments`,
    },
  },
  'gift-card-spent-twice': {
    mistake: 'What a cart was shown is taken from a gift card, whether it is still there or not.',
    rewrite: (statement) => statement.replace('and g.balance >= w.amount', ''),
    database: {
      change: 'alter table payments.gift_cards drop constraint gift_cards_balance_check',
      restore: 'alter table payments.gift_cards add constraint gift_cards_balance_check check (balance >= 0)',
    },
  },
  'answer-before-decision': {
    mistake:
      'The answer for an idempotency key is kept by itself, and so before the decision that it tells has committed.',
    leavesTransaction: (statement) => /update idempotency_keys k set outcome/.test(statement),
  },
  'claim-unseen': {
    mistake: 'Who asks the provider while a capture or refund is begun takes its money for the provider’s own doing.',
    rewrite: (statement) => statement.replace(/raised as \(.*? p\.id = claimed\.payment_id\),/s, ''),
  },
} as const satisfies Record<string, Plant>

export type PlantName = keyof typeof plants

/** Runs `work` with the bug planted, and takes it out again. */
export async function withPlant<R>(
  postgres: SimulatedPostgres,
  name: PlantName,
  work: (plant: Plant) => Promise<R>,
): Promise<R> {
  const plant: Plant = plants[name]
  if (plant.database) await postgres.owner.query(plant.database.change)
  try {
    return await work(plant)
  } finally {
    if (plant.database) {
      // What the bug left may not fit into what is put back.
      await postgres.reset()
      await postgres.owner.query(plant.database.restore)
    }
  }
}
