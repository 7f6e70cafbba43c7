import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { payments } from '../../../../services/payments/contract.ts'
import { type Answer, get, patch } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Badge, Button, Loading, linkClass, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { Table } from '../ui/list.tsx'
import { useActorName } from './actor-name.ts'
import { AdjustGiftCard } from './adjust-gift-card.tsx'
import { stateOf } from './gift-cards.tsx'

type GiftCard = Answer<typeof payments, 'giftCard'>

const kinds: Readonly<Record<string, string>> = {
  issue: 'Issued',
  use: 'Paid for an order',
  return: 'Back: the order came to nothing',
  refund: 'Refunded',
  disabled: 'Turned off',
  enabled: 'Turned on',
  adjust: 'Changed',
}

export function GiftCardPage() {
  const { giftCardId } = useParams({ from: '/gift-cards/$giftCardId' })
  const found = useQuery({
    queryKey: ['gift card', giftCardId],
    queryFn: () => get<GiftCard>(`/api/admin/gift-cards/${giftCardId}`),
  })
  const mayWrite = useMay()('gift-cards:write')
  const nameOf = useActorName()
  const [adjusting, setAdjusting] = useState(false)
  const turn = useCommand((disabled: boolean) => patch(`/api/admin/gift-cards/${giftCardId}`, { disabled }))
  if (found.isPending) return <Loading />
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const card = found.data
  return (
    <>
      <PageHead
        title={`Gift card ···· ${card.last4}`}
        note={`${show(card.balance)} left of ${show(card.amount)}${card.expiresAt ? `, until ${when(card.expiresAt)}` : ''}`}
      >
        <Badge state={stateOf(card)} />
        {mayWrite ? <Button onClick={() => setAdjusting(true)}>Change what is left</Button> : null}
        {mayWrite ? (
          <Button
            kind={card.disabled ? 'plain' : 'danger'}
            disabled={turn.running}
            onClick={() => turn.run(!card.disabled)}
          >
            {card.disabled ? 'Turn on again' : 'Turn off'}
          </Button>
        ) : null}
      </PageHead>
      {adjusting ? <AdjustGiftCard card={card} onClose={() => setAdjusting(false)} /> : null}
      {turn.message ? <Notice>{turn.message}</Notice> : null}
      {card.note ? <p className="mb-5 text-soft">{card.note}</p> : null}
      <Sheet title="What happened" flush>
        <Table
          items={card.movements}
          keyOf={({ at, kind }) => `${at} ${kind}`}
          empty="Nothing yet."
          columns={[
            {
              title: 'What',
              phone: 'title',
              cell: ({ kind, reason }) => (
                <>
                  {kinds[kind] ?? kind}
                  {reason ? <span className="block text-sm text-soft">{reason}</span> : null}
                </>
              ),
            },
            {
              title: 'Order',
              phone: 'state',
              cell: ({ orderId }) =>
                orderId ? (
                  <Link to="/orders/$orderId" params={{ orderId }} className={linkClass}>
                    See the order
                  </Link>
                ) : (
                  '–'
                ),
            },
            { title: 'By', phone: 'none', cell: ({ by }) => nameOf(by) },
            { title: 'When', phone: 'note', cell: ({ at }) => <span className="text-soft">{when(at)}</span> },
            {
              title: 'Amount',
              phone: 'end',
              end: true,
              cell: ({ amount }) => (amount.amount === 0 ? '–' : show(amount)),
            },
          ]}
        />
      </Sheet>
    </>
  )
}
