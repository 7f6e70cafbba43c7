import { type FormEvent, useState } from 'react'
import type { payments } from '../../../../services/payments/contract.ts'
import { type Answer, post } from '../api.ts'
import { fromInput, show } from '../money.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, Select, TextField } from '../ui/kit.tsx'

type GiftCard = Pick<Answer<typeof payments, 'giftCard'>, 'id' | 'last4' | 'balance'>

export function AdjustGiftCard({ card, onClose }: { card: GiftCard; onClose: () => void }) {
  const { currency } = card.balance
  const [way, setWay] = useState<'add' | 'take'>('add')
  const [text, setText] = useState('')
  const [reason, setReason] = useState('')
  const [wrong, setWrong] = useState<string | undefined>()
  const command = useCommand((body: unknown, key) => post(`/api/admin/gift-cards/${card.id}/adjustments`, body, key), {
    onDone: onClose,
    fields: ['amount', 'reason'],
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const amount = fromInput(text, currency)
    setWrong(amount ? undefined : `Write an amount in ${currency}, such as 10.00.`)
    if (amount) command.run({ amount: { amount: way === 'add' ? amount : -amount, currency }, reason })
  }
  return (
    <Dialog onClose={onClose} title={`Change what is left on ···· ${card.last4}`}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {command.message ? <Notice>{command.message}</Notice> : null}
        <p className="text-soft">{show(card.balance)} is left now.</p>
        <div className="grid grid-cols-[7rem_1fr] gap-3">
          <Select label="Way" value={way} onChange={(event) => setWay(event.target.value as 'add' | 'take')}>
            <option value="add">Add</option>
            <option value="take">Take</option>
          </Select>
          <TextField
            label={`Amount in ${currency}`}
            inputMode="decimal"
            required
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
            error={wrong ?? command.errorOf('amount')}
          />
        </div>
        <TextField
          label="Reason"
          required
          maxLength={200}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          error={command.errorOf('reason')}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={command.running}>
            {command.running ? 'One moment …' : 'Change it'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
