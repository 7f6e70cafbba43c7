import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

export type Line = { readonly variantId: string; readonly quantity: number }

/** A checkout as the one who bought knows it. */
export type Purchase = {
  readonly key: string
  readonly cartId: string
  readonly lines: readonly Line[]
  readonly payment: string
  /** The checkout's request, byte for byte. */
  readonly request: string
  /** When it was first sent. */
  readonly beganAt: number
  /** What the shop said, once it had decided; null for whoever gave up asking. */
  answer: { readonly status: number; readonly text: string; readonly at: number } | null
  order: Acknowledged | null
}

/** An order that the shop said exists. */
export type Acknowledged = {
  readonly id: string
  readonly number: string
  readonly token: string
  readonly status: string
  readonly total: number
  readonly currency: string
}

/** What staff were told is done. */
export type Deed = {
  readonly kind: 'fulfilled' | 'canceled' | 'refunded'
  readonly orderId: string
  readonly amount: number
  readonly at: number
}

/** What was acknowledged to clients. It is added to and never changed: whoever was told a thing remembers it. */
export type Journal = {
  readonly purchases: readonly Purchase[]
  readonly deeds: readonly Deed[]
  begin(purchase: Omit<Purchase, 'answer' | 'order'>): Purchase
  answer(purchase: Purchase, status: number, text: string): void
  deed(deed: Deed): void
  close(): Promise<void>
}

/** Opens a journal that is also written to `file`, a line of JSON for each entry. */
export function openJournal(file: string): Journal {
  const purchases: Purchase[] = []
  const deeds: Deed[] = []
  const written = createWriteStream(file)
  const write = (entry: object): void => {
    written.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`)
  }
  return {
    purchases,
    deeds,
    begin(begun) {
      const purchase: Purchase = { ...begun, answer: null, order: null }
      purchases.push(purchase)
      const { key, cartId, lines, payment } = begun
      write({ kind: 'checkout-sent', key, cartId, lines, payment })
      return purchase
    },
    answer(purchase, status, text) {
      purchase.answer = { status, text, at: Date.now() }
      if (status === 201) purchase.order = acknowledgedIn(text)
      write({ kind: 'checkout-answered', key: purchase.key, status, answer: text })
    },
    deed(deed) {
      deeds.push(deed)
      const { kind, orderId, amount } = deed
      write({ kind, orderId, amount })
    },
    async close() {
      written.end()
      await finished(written)
    },
  }
}

function acknowledgedIn(text: string): Acknowledged {
  const { order } = JSON.parse(text) as {
    order: { id: string; number: string; token: string; status: string; totals: { total: Money } }
  }
  const { id, number, token, status, totals } = order
  return { id, number, token, status, total: totals.total.amount, currency: totals.total.currency }
}

type Money = { readonly amount: number; readonly currency: string }
