import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, patch } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Button, PageHead, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'
import { NewPromotion } from './new-promotion.tsx'

type Promotion = Answer<typeof pricing, 'promotions'>['items'][number]

/** A rate in parts per million as a person reads it: 125000 → 12.5 %. */
const percent = (rate: number): string => `${rate / 10_000} %`

export function PromotionsPage() {
  const pages = usePages<Promotion>('/api/admin/promotions')
  const markets = useQuery({
    queryKey: ['markets'],
    queryFn: () => get<Answer<typeof pricing, 'markets'>>('/api/markets'),
  })
  const mayWrite = useMay()('pricing:write')
  const [creating, setCreating] = useState(false)
  const items = markets.data?.items ?? []
  const worth = (promotion: Promotion): string =>
    promotion.kind === 'percentage'
      ? percent(promotion.rate ?? 0)
      : items
          .flatMap(({ code, currency }) =>
            promotion.amounts[code] ? [show({ amount: promotion.amounts[code], currency })] : [],
          )
          .join(' or ')
  return (
    <>
      <PageHead title="Promotions">
        {mayWrite ? (
          <Button kind="primary" onClick={() => setCreating(true)}>
            New promotion
          </Button>
        ) : null}
      </PageHead>
      {creating ? <NewPromotion markets={items} onClose={() => setCreating(false)} /> : null}
      <Sheet flush>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty="No promotions yet."
          columns={[
            {
              title: 'Promotion',
              phone: 'title',
              cell: ({ label, startsAt, endsAt }) => (
                <>
                  <span className="font-medium">{label}</span>
                  {startsAt || endsAt ? (
                    <span className="block text-sm text-soft">
                      {startsAt ? `from ${when(startsAt)} ` : ''}
                      {endsAt ? `until ${when(endsAt)}` : ''}
                    </span>
                  ) : null}
                </>
              ),
            },
            {
              title: 'Code',
              phone: 'note',
              cell: ({ code }) => code ?? <span className="text-soft">applies by itself</span>,
            },
            { title: 'Takes off', phone: 'end', cell: worth },
            {
              title: 'Used',
              phone: 'none',
              cell: ({ timesUsed, usageLimit }) => (usageLimit ? `${timesUsed} of ${usageLimit}` : timesUsed),
              end: true,
            },
            {
              title: 'Runs',
              phone: 'state',
              end: true,
              cell: (promotion) => <Switch promotion={promotion} readOnly={!mayWrite} />,
            },
          ]}
        />
      </Sheet>
    </>
  )
}

function Switch({ promotion, readOnly }: { promotion: Promotion; readOnly: boolean }) {
  const save = useCommand((active: boolean) => patch(`/api/admin/promotions/${promotion.id}`, { active }))
  return (
    <>
      <button
        type="button"
        role="switch"
        aria-checked={promotion.active}
        aria-label={`${promotion.label} runs`}
        disabled={readOnly || save.running}
        onClick={() => save.run(!promotion.active)}
        className={`inline-flex h-6 w-11 items-center rounded-full border p-0.5 disabled:opacity-60 ${promotion.active ? 'justify-end border-transparent bg-accent' : 'justify-start border-edge bg-ground'}`}
      >
        <span
          aria-hidden="true"
          className={`size-4.5 rounded-full ${promotion.active ? 'bg-accent-ink' : 'bg-edge'}`}
        />
      </button>
      {save.message ? <span className="block text-sm text-danger">{save.message}</span> : null}
    </>
  )
}
