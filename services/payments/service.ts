import { join } from 'node:path'
import { PaymentSettings, payments } from '#contracts/payments'
import { serviceCall, withCall } from '#kernel/call'
import { ok } from '#kernel/contract'
import { passing } from '#kernel/crash-point'
import type { Database } from '#kernel/database'
import { gather } from '#kernel/gather'
import { type ServiceHost, service } from '#kernel/service'
import type { PaymentProvider } from '../../providers/payments/port.ts'
import { authorize } from './authorize.ts'
import { webhook } from './callback.ts'
import * as callbacksStore from './callbacks-store.ts'
import { cancel, reopen } from './cancel.ts'
import { capture } from './capture.ts'
import { abandonedAfterSeconds, type Deps } from './deps.ts'
import { paymentFigures } from './figures-store.ts'
import { giftCardCodes } from './gift-card-code.ts'
import {
  adjustGiftCard,
  checkGiftCard,
  giftCardBalances,
  issueGiftCard,
  listGiftCards,
  readGiftCard,
  updateGiftCard,
} from './gift-cards.ts'
import {
  failuresToOpen,
  type GuardedProvider,
  guardedProvider,
  isTrouble,
  openMs,
  providerFallback,
} from './guarded-provider.ts'
import { hearLostCallbacks } from './lost-callbacks.ts'
import { askProvider, attempts, find, lapsing, providers, reconcile } from './read-payments.ts'
import { receive } from './receive.ts'
import { recordAll } from './record.ts'
import { refund } from './refund.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'
import { verify } from './verify.ts'
import { pageOfOrderIds } from './verify-store.ts'

/** Orders a round: each is a call or two to a provider, side by side. */
const dueAtOnce = 16
/** Some calls to a provider, each within its own deadline. */
const dueTimeoutMs = 30_000
/** Longer than a round takes, so that no other copy asks about the same order meanwhile. */
const dueLeaseSeconds = 60
/** Providers try a callback for some days, three as a rule, and always under the same id. */
const callbacksKeptDays = 14

/**
 * The payments service with the adapters of the providers that a shop may name.
 * @param adapters makes them; those that `stoa.config.ts` does not name are left out
 * @param reached told of each place where a crash would leave something half done, so that tests can crash there
 */
export const paymentsService = (
  adapters: (host: ServiceHost<PaymentSettings>) => Promise<readonly PaymentProvider[]>,
  reached: Deps['reached'] = passing('payments'),
) =>
  service({
    contract: payments,
    settings: PaymentSettings,
    secrets: ['gift-card-codes'],
    connections: 8,
    migrations: join(import.meta.dirname, 'migrations'),
    start: async (host) => {
      const deps: Deps = {
        db: host.db,
        providers: chosen(host, await adapters(host)),
        titles: host.settings.manual ? { manual: host.settings.manual.title } : {},
        captureAtOnce: host.settings.capture === 'at-once',
        giftCardCodes: giftCardCodes(await host.secret('gift-card-codes')),
        log: host.log,
        ...gatheredSteps(host.db),
        reached,
      }
      return {
        operations: {
          providers: async () => providers(deps, host.shop.publicUrl),
          authorize: (input) => authorize(deps, input),
          find: (input) => find(deps, input),
          reconcile: (input) => reconcile(deps, input),
          cancel: (input) => cancel(deps, input),
          reopen: (input) => reopen(deps, input),
          capture: (input, call) => capture(deps, input, call),
          receive: (input) => receive(deps, input),
          refund: (input, call) => refund(deps, input, call),
          webhook: (input) => webhook(deps, input),
          attempts: (input) => attempts(deps, input),
          giftCards: (input) => listGiftCards(deps, input),
          giftCard: (input) => readGiftCard(deps, input),
          issueGiftCard: (input, call) => issueGiftCard(deps, input, call),
          adjustGiftCard: (input, call) => adjustGiftCard(deps, input, call),
          updateGiftCard: (input) => updateGiftCard(deps, input),
          checkGiftCard: (input) => checkGiftCard(deps, input),
          giftCardBalances: (input) => giftCardBalances(deps, input),
          askProvider: (input) => askProvider(deps, input),
          lapsing: (input) => lapsing(deps, input),
          askedFor: async ({ after, limit }) => ok({ orderIds: await pageOfOrderIds(deps.db, after, limit) }),
          verify: (input) => verify(deps, input),
        },
        figures: paymentFigures,
        jobs: [
          {
            name: 'reconcile',
            everyMs: 1_000,
            importance: 'checkout',
            run: (stopping) => reconcileDue(deps, stopping),
          },
          {
            name: 'hear-lost-callbacks',
            everyMs: 5_000,
            run: (stopping) => hearLostCallbacks(deps, stopping),
          },
          {
            name: 'forget-callbacks',
            everyMs: 3_600_000,
            run: () => callbacksStore.forgetCallbacks(deps.db, callbacksKeptDays),
          },
        ],
      }
    },
  })

/** Some dozen orders are some milliseconds of a transaction; more that wait would wait for longer than a checkout is worth. */
const limits = { service: 'payments', batchAtMost: 64, queueAtMost: 2_000 }

/** The steps of a payment for which a checkout or a provider's callback waits. */
const gatheredSteps = (db: Database) => ({
  beginAttempt: gather({
    ...limits,
    what: 'begin a payment',
    idOf: ({ orderId }) => orderId,
    run: (attempts: readonly store.NewAttempt[]) => store.insertAttempts(db, attempts, abandonedAfterSeconds),
  }),
  record: gather({
    ...limits,
    what: 'record what a provider said',
    idOf: ({ payment }) => payment.id,
    run: (news: Parameters<typeof recordAll>[1]) => recordAll(db, news),
  }),
  readMoney: gather({
    ...limits,
    what: 'read a payment',
    run: (orderIds: readonly string[]) => store.readOrdersMoney(db, orderIds, abandonedAfterSeconds),
  }),
  scheduleSettled: gather({
    ...limits,
    what: 'note that a payment is settled',
    idOf: (orderId) => orderId,
    run: async (orderIds: readonly string[]) => {
      await store.scheduleSettled(db, orderIds)
      return orderIds.map(() => undefined)
    },
  }),
  readAsked: gather({
    ...limits,
    what: 'compare a callback',
    run: (about: readonly callbacksStore.About[]) => callbacksStore.readAsked(db, about),
  }),
  keepCallback: gather({
    ...limits,
    what: 'keep a callback',
    idOf: ({ provider, eventId }) => `${provider} ${eventId}`,
    run: (callbacks: readonly callbacksStore.Callback[]) => callbacksStore.insertCallbacks(db, callbacks),
  }),
})

/** In the order of the settings, by which shoppers are offered them. */
function chosen(
  { settings, breaker }: ServiceHost<PaymentSettings>,
  adapters: readonly PaymentProvider[],
): Map<string, GuardedProvider> {
  return new Map(
    settings.providers.map((name) => {
      const adapter = adapters.find((one) => one.name === name)
      if (!adapter) throw new Error(`payments: stoa.config.ts names the provider "${name}", which has no adapter`)
      const guard = breaker({ name, fallback: providerFallback, failuresToOpen, openMs, isFailure: isTrouble })
      return [name, guardedProvider(adapter, guard)]
    }),
  )
}

/** Asks about every payment whose outcome is open and finishes what was begun, until nothing is due. */
async function reconcileDue(deps: Deps, stopping: AbortSignal): Promise<void> {
  for (;;) {
    const due = await store.claimDue(deps.db, dueAtOnce, {
      leaseSeconds: dueLeaseSeconds,
      abandonedSeconds: abandonedAfterSeconds,
    })
    await Promise.all(
      due.map((orderId) =>
        // A deadline of its own: that of the whole job would be over in the middle of a long round.
        withCall(serviceCall('payments', { timeoutMs: dueTimeoutMs }), () => settle(deps, orderId)).catch(
          (error: unknown) => deps.log.error({ err: error, orderId }, 'a payment could not be reconciled yet'),
        ),
      ),
    )
    if (due.length < dueAtOnce || stopping.aborted) return
  }
}
