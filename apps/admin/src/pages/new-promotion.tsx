import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, post } from '../api.ts'
import { fromInput, rateOf } from '../money.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, Select, TextField } from '../ui/kit.tsx'

type Market = Answer<typeof pricing, 'markets'>['items'][number]

export function NewPromotion({ markets, onClose }: { markets: readonly Market[]; onClose: () => void }) {
  const [label, setLabel] = useState('')
  const [code, setCode] = useState('')
  const [kind, setKind] = useState<'percentage' | 'fixed'>('percentage')
  const [rate, setRate] = useState('10')
  const [amounts, setAmounts] = useState<Readonly<Record<string, string>>>({})
  const [minimums, setMinimums] = useState<Readonly<Record<string, string>>>({})
  const [limit, setLimit] = useState('')
  const [startsAt, setStartsAt] = useState('')
  const [endsAt, setEndsAt] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({})
  const save = useCommand((body: unknown, key) => post('/api/admin/promotions', body, key), {
    onDone: onClose,
    fields: ['label', 'code', 'rate', 'amounts', 'minimums', 'usageLimit', 'startsAt', 'endsAt', 'categories'],
  })
  /** Minor units a market, for markets with a text; what is no amount is noted beside its field. */
  const minor = (name: string, given: Readonly<Record<string, string>>, mistakes: Record<string, string>) =>
    Object.fromEntries(
      markets.flatMap(({ code: market, currency }) => {
        const text = given[market]?.trim() ?? ''
        if (text === '') return []
        const amount = fromInput(text, currency)
        if (amount === null) mistakes[`${name} ${market}`] = `Write an amount in ${currency}, such as 15.00.`
        return [[market, amount]]
      }),
    )
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const mistakes: Record<string, string> = {}
    const ratePpm = rateOf(rate)
    if (kind === 'percentage' && ratePpm === null) mistakes.rate = 'More than 0 and at most 100, such as 12.5.'
    const off = kind === 'fixed' ? minor('amount', amounts, mistakes) : {}
    const from = minor('minimum', minimums, mistakes)
    const [first] = markets
    if (kind === 'fixed' && Object.keys(off).length === 0 && first)
      mistakes[`amount ${first.code}`] = 'Write what it takes off, in one currency at least.'
    setWrong(mistakes)
    if (Object.keys(mistakes).length > 0) return
    save.run({
      label,
      code: code.trim() || null,
      kind,
      rate: kind === 'percentage' ? ratePpm : null,
      amounts: off,
      minimums: from,
      categories: chosen,
      startsAt: startsAt ? new Date(startsAt).toISOString() : null,
      endsAt: endsAt ? new Date(endsAt).toISOString() : null,
      usageLimit: limit ? Number(limit) : null,
      usageLimitPerCustomer: null,
      active: true,
    })
  }
  return (
    <Dialog onClose={onClose} title="New promotion">
      <form onSubmit={submit} className="flex flex-col gap-4">
        {save.message ? <Notice>{save.message}</Notice> : null}
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
          hint="3 to 40 letters, digits, - or _. Leave it empty and the promotion applies by itself."
          pattern="[A-Za-z0-9_\-]{3,40}"
          title="3 to 40 letters, digits, - or _"
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
            error={wrong.rate ?? save.errorOf('rate')}
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
                  error={wrong[`amount ${market}`] ?? save.errorOf(`amounts/${market}`)}
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
              error={wrong[`minimum ${market}`] ?? save.errorOf(`minimums/${market}`)}
            />
          ))}
        </div>
        <Categories chosen={chosen} onChange={setChosen} error={save.errorOf('categories')} />
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField
            label="From"
            type="datetime-local"
            hint="Your time. Empty: at once."
            value={startsAt}
            onChange={(event) => setStartsAt(event.target.value)}
            error={save.errorOf('startsAt')}
          />
          <TextField
            label="Until"
            type="datetime-local"
            min={startsAt || undefined}
            hint="Empty: until it is turned off."
            value={endsAt}
            onChange={(event) => setEndsAt(event.target.value)}
            error={save.errorOf('endsAt')}
          />
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

function Categories({
  chosen,
  onChange,
  error,
}: {
  chosen: readonly string[]
  onChange: (chosen: readonly string[]) => void
  error: string | undefined
}) {
  const categories = useQuery({
    queryKey: ['categories'],
    queryFn: () => get<Answer<typeof catalog, 'categories'>>('/api/categories'),
  })
  if (!categories.data || categories.data.items.length === 0) return null
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Only in these categories (none: on all goods)</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {categories.data.items.map(({ handle, title }) => (
          <label key={handle} className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4"
              checked={chosen.includes(handle)}
              onChange={({ target }) =>
                onChange(target.checked ? [...chosen, handle] : chosen.filter((one) => one !== handle))
              }
            />
            {title}
          </label>
        ))}
      </div>
      {error ? <p className="mt-1 text-sm text-danger">{error}</p> : null}
    </fieldset>
  )
}
