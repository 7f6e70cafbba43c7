import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, patch, post } from '../api.ts'
import { fromInput, show } from '../money.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, PageHead, Select, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Promotion = Answer<typeof pricing, 'promotions'>['items'][number]
type Market = Answer<typeof pricing, 'markets'>['items'][number]

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

function NewPromotion({ markets, onClose }: { markets: readonly Market[]; onClose: () => void }) {
  const [label, setLabel] = useState('')
  const [code, setCode] = useState('')
  const [kind, setKind] = useState<'percentage' | 'fixed'>('percentage')
  const [rate, setRate] = useState('10')
  const [amounts, setAmounts] = useState<Readonly<Record<string, string>>>({})
  const [minimums, setMinimums] = useState<Readonly<Record<string, string>>>({})
  const [limit, setLimit] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  const save = useCommand((body: unknown, key) => post('/api/admin/promotions', body, key), {
    onDone: onClose,
    fields: ['label', 'code', 'rate', 'usageLimit', 'usageLimitPerCustomer', 'startsAt', 'endsAt'],
  })
  const minor = (given: Readonly<Record<string, string>>): Record<string, number> | null => {
    const entries = markets.flatMap(({ code: market, currency }) =>
      given[market] ? [[market, fromInput(given[market], currency)] as const] : [],
    )
    return entries.some(([, amount]) => amount === null)
      ? null
      : (Object.fromEntries(entries) as Record<string, number>)
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const [off, from] = [minor(amounts), minor(minimums)]
    const ratePpm = Math.round(Number(rate.replace(',', '.')) * 10_000)
    const isRate = kind === 'fixed' || (ratePpm > 0 && ratePpm <= 1_000_000)
    setWrong(off && from && isRate ? null : 'Write amounts such as 15.00 and a percentage between 0 and 100.')
    if (!off || !from || !isRate) return
    save.run({
      label,
      code: code.trim() || null,
      kind,
      rate: kind === 'percentage' ? ratePpm : null,
      amounts: kind === 'fixed' ? off : {},
      minimums: from,
      categories: [],
      startsAt: null,
      endsAt: null,
      usageLimit: limit ? Number(limit) : null,
      usageLimitPerCustomer: null,
      active: true,
    })
  }
  return (
    <Dialog onClose={onClose} title="New promotion">
      <form onSubmit={submit} className="flex flex-col gap-4">
        {(wrong ?? save.message) ? <Notice>{wrong ?? save.message}</Notice> : null}
        <TextField
          label="Name, as shoppers read it"
          required
          maxLength={120}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
          error={save.errorOf('label')}
        />
        <TextField
          label="Code"
          hint="Leave it empty and the promotion applies by itself."
          value={code}
          onChange={(event) => setCode(event.target.value)}
          error={save.errorOf('code')}
        />
        <Select
          label="Takes off"
          value={kind}
          onChange={(event) => setKind(event.target.value as 'percentage' | 'fixed')}
        >
          <option value="percentage">a percentage</option>
          <option value="fixed">an amount</option>
        </Select>
        {kind === 'percentage' ? (
          <TextField
            label="Percent"
            inputMode="decimal"
            value={rate}
            onChange={(event) => setRate(event.target.value)}
            error={save.errorOf('rate')}
          />
        ) : null}
        <div className="grid gap-3 sm:grid-cols-2">
          {kind === 'fixed'
            ? markets.map(({ code: market, currency }) => (
                <TextField
                  key={market}
                  label={`Amount in ${currency}`}
                  inputMode="decimal"
                  value={amounts[market] ?? ''}
                  onChange={(event) => setAmounts({ ...amounts, [market]: event.target.value })}
                />
              ))
            : null}
          {markets.map(({ code: market, currency }) => (
            <TextField
              key={market}
              label={`From a goods total of, in ${currency}`}
              inputMode="decimal"
              value={minimums[market] ?? ''}
              onChange={(event) => setMinimums({ ...minimums, [market]: event.target.value })}
            />
          ))}
        </div>
        <TextField
          label="How often in all"
          hint="Empty means without limit."
          inputMode="numeric"
          pattern="[0-9]*"
          value={limit}
          onChange={(event) => setLimit(event.target.value)}
          error={save.errorOf('usageLimit')}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={save.running}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
