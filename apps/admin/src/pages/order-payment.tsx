import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { payments } from '../../../../services/payments/contract.ts'
import { type Answer, get, post } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Badge, Button, linkClass, Notice, Sheet, when } from '../ui/kit.tsx'
import { useActorName } from './actor-name.ts'
import type { Order } from './order.tsx'

type Payments = Answer<typeof payments, 'attempts'>

/** An order's money: how it stands, each attempt and what was done with it, and what the provider itself says. */
export function PaymentSheet({ order: { id, payment } }: { order: Order }) {
  const may = useMay()
  const path = `/api/admin/payments/${id}`
  const found = useQuery({
    queryKey: ['payments', id],
    queryFn: () => get<Payments>(path),
    enabled: payment !== null,
  })
  const command = useCommand((_: null, key) => post<Payments>(`${path}/reconcile`, {}, key))
  return (
    <Sheet title="Payment">
      {payment?.giftCards.length ? <GiftCards cards={payment.giftCards} /> : null}
      {payment?.provider ? <Summary payment={payment} /> : null}
      {payment ? null : <p className="text-soft">Nothing was asked for yet.</p>}
      {found.isError ? <Notice>{found.error.message}</Notice> : null}
      {found.data ? <History found={found.data} /> : null}
      {payment?.provider && may('payments:reconcile') ? (
        <div className="mt-4 flex flex-col gap-2">
          {command.message ? <Notice>{command.message}</Notice> : null}
          <Button onClick={() => command.run(null)} disabled={command.running}>
            {command.running ? 'Asking …' : 'Ask the provider now'}
          </Button>
          <p role="status" className="text-sm text-soft">
            {command.done ? 'The provider was asked; this is what it says.' : ''}
          </p>
        </div>
      ) : null}
    </Sheet>
  )
}

/** What gift cards pay, in the order of use. */
function GiftCards({ cards }: { cards: NonNullable<Order['payment']>['giftCards'] }) {
  return (
    <ul className="mb-3 flex flex-col gap-1.5 border-b border-line pb-3 last:mb-0 last:border-0 last:pb-0">
      {cards.map(({ giftCardId, last4, amount, refunded }) => (
        <li key={giftCardId} className="flex justify-between gap-3">
          <GiftCardName id={giftCardId} last4={last4} />
          <span className="text-right tabular-nums">
            {show(amount)}
            {refunded.amount > 0 ? <span className="block text-sm text-soft">{show(refunded)} given back</span> : null}
          </span>
        </li>
      ))}
    </ul>
  )
}

function GiftCardName({ id, last4 }: { id: string; last4: string }) {
  const name = (
    <>
      Gift card <span className="font-mono">···· {last4}</span>
    </>
  )
  if (!useMay()('gift-cards:read')) return <span>{name}</span>
  return (
    <Link to="/gift-cards/$giftCardId" params={{ giftCardId: id }} className={linkClass}>
      {name}
    </Link>
  )
}

function Summary({ payment }: { payment: NonNullable<Order['payment']> }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
      <dt className="text-soft">State</dt>
      <dd>
        <Badge state={payment.status} />
      </dd>
      <dt className="text-soft">With</dt>
      <dd>
        {payment.provider}
        {payment.card ? `, ${payment.card.brand} •••• ${payment.card.last4}` : ''}
      </dd>
      <dt className="text-soft">Authorized</dt>
      <dd className="tabular-nums">{show(payment.authorized)}</dd>
      <dt className="text-soft">Captured</dt>
      <dd className="tabular-nums">{show(payment.captured)}</dd>
      <dt className="text-soft">Refunded</dt>
      <dd className="tabular-nums">{show(payment.refunded)}</dd>
      {payment.authorizedUntil && payment.status === 'authorized' ? (
        <>
          <dt className="text-soft">Held until</dt>
          <dd>{when(payment.authorizedUntil)}</dd>
        </>
      ) : null}
      {payment.failure && payment.status === 'failed' ? (
        <>
          <dt className="text-soft">Failure</dt>
          <dd className="text-danger">{payment.failure}</dd>
        </>
      ) : null}
    </dl>
  )
}

function History({ found }: { found: Payments }) {
  const nameOf = useActorName()
  return (
    <ol className="mt-4 flex flex-col gap-3 border-t border-line pt-3">
      {found.payments.map((attempt) => (
        <li key={attempt.id}>
          <h3 className="text-sm font-medium">Attempt {attempt.attempt}</h3>
          <p className="break-all font-mono text-[0.8125rem] text-soft">
            {attempt.providerPaymentId ?? 'not known to the provider'}
          </p>
          <ul className="mt-1 flex flex-col gap-1">
            {found.operations
              .filter(({ paymentId }) => paymentId === attempt.id)
              .map((one) => (
                <li key={`${one.kind} ${one.id}`} className="text-sm">
                  <span className="capitalize">{one.kind}</span> {show(one.amount)}: {one.status.replaceAll('_', ' ')}
                  {one.error ? ` (${one.error})` : ''}
                  <span className="block text-soft">
                    <time dateTime={one.at}>{when(one.at)}</time>, {nameOf(one.by)}
                    {one.reason ? `: ${one.reason}` : ''}
                  </span>
                  {one.providerRefundId ? (
                    <span className="block break-all font-mono text-[0.8125rem] text-soft">{one.providerRefundId}</span>
                  ) : null}
                </li>
              ))}
          </ul>
          {attempt.raw === null ? null : (
            <details className="mt-1">
              <summary className="cursor-pointer text-sm">What the provider answered</summary>
              <pre className="mt-1 whitespace-pre-wrap break-all rounded-lg border border-line p-2 text-[0.75rem]">
                {JSON.stringify(attempt.raw, null, 2)}
              </pre>
            </details>
          )}
        </li>
      ))}
    </ol>
  )
}
