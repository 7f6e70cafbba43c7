import { type FormEvent, useState } from 'react'
import { post } from '../api.ts'
import { fromInput, show, toInput } from '../money.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Button, Notice, TextField } from '../ui/kit.tsx'
import type { Order } from './order.tsx'

export type OrderAction = 'mark-paid' | 'capture' | 'fulfill' | 'cancel' | 'refund'
type Props = { order: Order; onClose: () => void }

/** The dialog of one action; what it sends is decided by the API alone. */
export function OrderActions({ order, action, onClose }: Props & { action: OrderAction }) {
  if (action === 'fulfill') return <Fulfill order={order} onClose={onClose} />
  if (action === 'cancel') return <Cancel order={order} onClose={onClose} />
  if (action === 'mark-paid') return <MarkPaid order={order} onClose={onClose} />
  return <TakeOrGive order={order} action={action} onClose={onClose} />
}

function Form({
  title,
  submit,
  running,
  message,
  kind = 'primary',
  onSubmit,
  onClose,
  children,
}: {
  title: string
  submit: string
  running: boolean
  message: string | null
  kind?: 'primary' | 'danger'
  onSubmit: () => void
  onClose: () => void
  children: React.ReactNode
}) {
  const send = (event: FormEvent): void => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Dialog onClose={onClose} title={title}>
      <form onSubmit={send} className="flex flex-col gap-4">
        {message ? <Notice>{message}</Notice> : null}
        {children}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind={kind} type="submit" disabled={running}>
            {running ? 'One moment …' : submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Capture and refund: an amount, all that is possible to begin with. */
function TakeOrGive({ order, action, onClose }: Props & { action: 'capture' | 'refund' }) {
  const { currency } = order
  const { payment } = order
  const isByHand = payment?.provider === 'manual'
  const largest =
    action === 'capture'
      ? (payment?.capturable?.amount ?? 0)
      : (payment?.giftCards ?? []).reduce(
          (left, card) => left + card.amount.amount - card.refunded.amount,
          (payment?.captured.amount ?? 0) - (payment?.refunded.amount ?? 0),
        )
  const [text, setText] = useState(toInput({ amount: largest, currency }))
  const [reason, setReason] = useState('')
  const amount = fromInput(text, currency)
  const command = useCommand(
    (body: unknown, key) =>
      post(`/api/admin/orders/${order.id}/${action === 'capture' ? 'capture' : 'refunds'}`, body, key),
    { onDone: onClose, fields: ['amount', 'reason'] },
  )
  const wrong =
    amount === null
      ? `Write an amount such as ${toInput({ amount: largest, currency })}.`
      : amount > largest || amount === 0
        ? `More than nothing, and at most ${show({ amount: largest, currency })}.`
        : undefined
  const send = (): void => {
    if (wrong || amount === null) return
    command.run({ amount: { amount, currency }, ...(action === 'refund' ? { reason } : {}) })
  }
  return (
    <Form
      title={action === 'capture' ? `Capture payment of order ${order.number}` : `Refund order ${order.number}`}
      submit={action === 'capture' ? 'Capture' : 'Refund'}
      running={command.running}
      message={command.message}
      onSubmit={send}
      onClose={onClose}
    >
      <TextField
        label={`Amount in ${currency}`}
        inputMode="decimal"
        required
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={wrong ?? command.errorOf('amount')}
      />
      {action === 'capture' && amount !== null && amount < largest ? (
        <p className="text-sm text-soft">Most providers capture once: what is not taken now is let go.</p>
      ) : null}
      {action === 'refund' && isByHand ? (
        <p className="text-sm text-soft">The order was paid by transfer: send the money back from your bank, too.</p>
      ) : null}
      {action === 'refund' && payment && payment.giftCards.length > 0 ? (
        <p className="text-sm text-soft">
          The provider’s part goes back first, then that of the gift cards, the last one used first.
        </p>
      ) : null}
      {action === 'refund' ? (
        <TextField
          label="Reason"
          required
          maxLength={200}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          error={command.errorOf('reason')}
        />
      ) : null}
    </Form>
  )
}

/** A transfer: a person looked at the bank's statement, and says so. */
function MarkPaid({ order, onClose }: Props) {
  const { due } = order
  const command = useCommand((body: unknown, key) => post(`/api/admin/orders/${order.id}/mark-paid`, body, key), {
    onDone: onClose,
    fields: [],
  })
  return (
    <Form
      title={`Is order ${order.number} paid?`}
      submit="Mark as paid"
      running={command.running}
      message={command.message}
      onSubmit={() => command.run({ amount: due })}
      onClose={onClose}
    >
      <p className="text-soft">
        Say so once {show(due)} with the reference {order.number} stand on your account: all of it. The order is placed
        by that, and its shopper gets a mail.
      </p>
    </Form>
  )
}

function Cancel({ order, onClose }: Props) {
  const [reason, setReason] = useState('')
  const command = useCommand((body: unknown, key) => post(`/api/admin/orders/${order.id}/cancel`, body, key), {
    onDone: onClose,
    fields: ['reason'],
  })
  return (
    <Form
      title={`Cancel order ${order.number}?`}
      submit="Cancel the order"
      kind="danger"
      running={command.running}
      message={command.message}
      onSubmit={() => command.run({ reason })}
      onClose={onClose}
    >
      <p className="text-soft">
        Its stock goes back on sale, its money back to the shopper, who gets a mail. This cannot be undone.
      </p>
      <TextField
        label="Reason"
        required
        maxLength={200}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        error={command.errorOf('reason')}
      />
    </Form>
  )
}

function Fulfill({ order, onClose }: Props) {
  const open = order.lines.filter(({ quantity, fulfilled }) => quantity > fulfilled)
  const [quantities, setQuantities] = useState<Readonly<Record<string, string>>>(
    Object.fromEntries(open.map(({ id, quantity, fulfilled }) => [id, String(quantity - fulfilled)])),
  )
  const [carrier, setCarrier] = useState('')
  const [trackingNumber, setTrackingNumber] = useState('')
  const command = useCommand((body: unknown, key) => post(`/api/admin/orders/${order.id}/fulfillments`, body, key), {
    onDone: onClose,
    fields: ['carrier', 'trackingNumber'],
  })
  const [nothing, setNothing] = useState(false)
  const send = (): void => {
    const lines = open.flatMap(({ id }) =>
      Number(quantities[id]) > 0 ? [{ lineId: id, quantity: Number(quantities[id]) }] : [],
    )
    setNothing(lines.length === 0)
    if (lines.length === 0) return
    command.run({ lines, ...(carrier ? { carrier } : {}), ...(trackingNumber ? { trackingNumber } : {}) })
  }
  return (
    <Form
      title={`Fulfill order ${order.number}`}
      submit="Mark as sent"
      running={command.running}
      message={nothing ? 'Nothing is sent: give at least one line a number above 0.' : command.message}
      onSubmit={send}
      onClose={onClose}
    >
      <ul className="flex flex-col gap-3">
        {open.map(({ id, title, variantTitle, quantity, fulfilled }) => (
          <li key={id} className="grid grid-cols-[1fr_6rem] items-center gap-3">
            <span>
              {title} <span className="text-sm text-soft">{variantTitle}</span>
              <span className="block text-sm text-soft">{quantity - fulfilled} to send</span>
            </span>
            <TextField
              label={`Units of ${title} ${variantTitle}`}
              hideLabel
              type="number"
              min={0}
              max={quantity - fulfilled}
              required
              value={quantities[id] ?? ''}
              onChange={(event) => setQuantities({ ...quantities, [id]: event.target.value })}
            />
          </li>
        ))}
      </ul>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Carrier"
          maxLength={80}
          value={carrier}
          onChange={(event) => setCarrier(event.target.value)}
          error={command.errorOf('carrier')}
        />
        <TextField
          label="Tracking number"
          maxLength={80}
          value={trackingNumber}
          onChange={(event) => setTrackingNumber(event.target.value)}
          error={command.errorOf('trackingNumber')}
        />
      </div>
      {order.payment?.status === 'authorized' ? (
        <p className="text-sm text-soft">The money is only authorized so far; it is captured now.</p>
      ) : null}
    </Form>
  )
}
