import { Link } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import type { payments } from '../../../../services/payments/contract.ts'
import type { Answer } from '../api.ts'
import { show } from '../money.ts'
import { useMay } from '../session.ts'
import { Badge, Button, PageHead, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, rowLink, usePages } from '../ui/list.tsx'
import { IssueGiftCard } from './issue-gift-card.tsx'

type GiftCard = Answer<typeof payments, 'giftCards'>['items'][number]

/** What becomes of the card when somebody pays with it now. */
export function stateOf({
  disabled,
  expiresAt,
  balance,
}: Pick<GiftCard, 'disabled' | 'expiresAt' | 'balance'>): string {
  if (disabled) return 'disabled'
  if (expiresAt && new Date(expiresAt) <= new Date()) return 'expired'
  return balance.amount === 0 ? 'used up' : 'active'
}

export function GiftCardsPage() {
  const [typed, setTyped] = useState('')
  const last4 = useDeferredValue(/^[0-9a-z]{4}$/i.test(typed.trim()) ? typed.trim() : '')
  const pages = usePages<GiftCard>('/api/admin/gift-cards', { last4 })
  const mayWrite = useMay()('gift-cards:write')
  const [issuing, setIssuing] = useState(false)
  return (
    <>
      <PageHead
        title="Gift cards"
        note="Money that people have with the shop. They pay with a card’s code at the checkout."
      >
        {mayWrite ? (
          <Button kind="primary" onClick={() => setIssuing(true)}>
            Issue a gift card
          </Button>
        ) : null}
      </PageHead>
      {issuing ? <IssueGiftCard onClose={() => setIssuing(false)} /> : null}
      <Sheet flush>
        <search className="block border-b border-line p-3">
          <div className="max-w-72">
            <TextField
              label="Last four characters of the code"
              hideLabel
              placeholder="Last four characters of the code"
              maxLength={4}
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
        </search>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty={last4 ? 'No gift card’s code ends so.' : 'No gift cards yet.'}
          columns={[
            {
              title: 'Code',
              phone: 'title',
              cell: ({ id, last4: end }) => (
                <Link to="/gift-cards/$giftCardId" params={{ giftCardId: id }} className={`font-mono ${rowLink}`}>
                  ···· {end}
                </Link>
              ),
            },
            {
              title: 'Note',
              phone: 'note',
              cell: ({ note }) => <span className="block max-w-72 truncate">{note ?? '–'}</span>,
            },
            { title: 'State', phone: 'state', cell: (card) => <Badge state={stateOf(card)} /> },
            { title: 'Issued with', phone: 'none', cell: ({ amount }) => show(amount), end: true },
            { title: 'Left', phone: 'end', cell: ({ balance }) => show(balance), end: true },
            {
              title: 'Issued',
              phone: 'none',
              cell: ({ createdAt }) => <span className="text-soft">{when(createdAt)}</span>,
              end: true,
            },
          ]}
        />
      </Sheet>
    </>
  )
}
