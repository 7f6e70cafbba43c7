import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { payments } from '../../../../services/payments/contract.ts'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, post } from '../api.ts'
import { fromInput, show } from '../money.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, Select, TextField } from '../ui/kit.tsx'

type Issued = Answer<typeof payments, 'issueGiftCard'>

/** Asks what the card is worth, then shows its code: the one time that anybody sees it. */
export function IssueGiftCard({ onClose }: { onClose: () => void }) {
  const [issued, setIssued] = useState<Issued | null>(null)
  return issued ? <Code issued={issued} onClose={onClose} /> : <Ask onIssued={setIssued} onClose={onClose} />
}

function Ask({ onIssued, onClose }: { onIssued: (issued: Issued) => void; onClose: () => void }) {
  const markets = useQuery({
    queryKey: ['markets'],
    queryFn: () => get<Answer<typeof pricing, 'markets'>>('/api/markets'),
  })
  const currencies = [...new Set(markets.data?.items.map(({ currency }) => currency))]
  const [chosen, setChosen] = useState<string | null>(null)
  const currency = chosen ?? currencies[0] ?? ''
  const [text, setText] = useState('')
  const [note, setNote] = useState('')
  const [lastDay, setLastDay] = useState('')
  const [wrong, setWrong] = useState<string | undefined>()
  const command = useCommand((body: unknown, key) => post<Issued>('/api/admin/gift-cards', body, key), {
    onDone: onIssued,
    fields: ['amount', 'note', 'expiresAt'],
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const amount = fromInput(text, currency)
    setWrong(amount ? undefined : `Write an amount in ${currency}, such as 50.00.`)
    if (!amount) return
    command.run({
      amount: { amount, currency },
      ...(note.trim() ? { note: note.trim() } : {}),
      // The whole day, by the clock of whoever issues it.
      ...(lastDay ? { expiresAt: new Date(`${lastDay}T23:59:59`).toISOString() } : {}),
    })
  }
  return (
    <Dialog onClose={onClose} title="Issue a gift card">
      <form onSubmit={submit} className="flex flex-col gap-4">
        {command.message ? <Notice>{command.message}</Notice> : null}
        <div className="grid grid-cols-[1fr_7rem] gap-3">
          <TextField
            label="Worth"
            inputMode="decimal"
            required
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
            error={wrong ?? command.errorOf('amount')}
          />
          <Select label="Currency" value={currency} onChange={(event) => setChosen(event.target.value)}>
            {currencies.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </div>
        <TextField
          label="Last day"
          type="date"
          hint="Empty: it does not expire."
          value={lastDay}
          onChange={(event) => setLastDay(event.target.value)}
          error={command.errorOf('expiresAt')}
        />
        <TextField
          label="Note"
          hint="For staff: whom or what it is for."
          maxLength={200}
          value={note}
          onChange={(event) => setNote(event.target.value)}
          error={command.errorOf('note')}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={command.running || currency === ''}>
            {command.running ? 'One moment …' : 'Issue'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function Code({ issued, onClose }: { issued: Issued; onClose: () => void }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(issued.code)
    setCopied(true)
  }
  return (
    <Dialog title={`A gift card of ${show(issued.amount)}`}>
      <div className="flex flex-col gap-4">
        <Notice tone="warn">Keep the code now. The shop does not know it any more once this is closed.</Notice>
        <output className="select-all rounded-lg border border-line bg-ground px-4 py-3 text-center font-mono text-lg">
          {issued.code}
        </output>
        <div className="flex justify-end gap-2">
          <Button onClick={() => void copy().catch(() => undefined)}>{copied ? 'Copied' : 'Copy'}</Button>
          <Button kind="primary" onClick={onClose}>
            I have it
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
