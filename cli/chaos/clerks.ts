import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Staff } from './goods.ts'
import { isUndecided } from './http.ts'
import type { Journal, Purchase } from './journal.ts'
import type { Random } from './random.ts'

export type Clerks = { open(): void; close(): Promise<void> }

/** A clerk does something every so many milliseconds, on average. */
const everyMs = 900
const attemptsAtMost = 8
const pauseMs = 600

const deeds = ['fulfill', 'fulfill', 'fulfill', 'cancel', 'refund'] as const

/** Staff who send goods, cancel orders and give money back while buyers buy. What they were told is done goes into the journal. */
export function openClerks({ staff, journal, random }: { staff: Staff; journal: Journal; random: Random }): Clerks {
  let isOpen = false
  let working: Promise<void> = Promise.resolve()
  const touched = new Set<string>()

  /** @returns whether they were told that it is done */
  const insist = async (path: string, body: unknown): Promise<boolean> => {
    const key = randomUUID()
    for (let attempt = 1; ; attempt++) {
      const answer = await staff.send('POST', path, body, key)
      if (!isUndecided(answer) || attempt === attemptsAtMost) return answer.status >= 200 && answer.status < 300
      await pause(pauseMs * attempt * (0.5 + random.next()))
    }
  }

  const work = async (): Promise<void> => {
    while (isOpen) {
      await pause(random.pause(everyMs))
      const paid = journal.purchases.filter(
        (one): one is Purchase & { order: object } => one.order?.status === 'placed' && !touched.has(one.order.id),
      )
      if (!isOpen || paid.length === 0) continue
      const { order } = random.pick(paid) as Purchase & { order: NonNullable<Purchase['order']> }
      touched.add(order.id)
      const path = `/api/admin/orders/${order.id}`
      const deed = random.pick(deeds)
      if (deed === 'cancel') {
        if (await insist(`${path}/cancel`, { reason: 'The shopper asked.' }))
          journal.deed({ kind: 'canceled', orderId: order.id, amount: order.total, at: Date.now() })
        continue
      }
      if (!(await insist(`${path}/fulfillments`, {}))) continue
      journal.deed({ kind: 'fulfilled', orderId: order.id, amount: order.total, at: Date.now() })
      if (deed !== 'refund') continue
      const amount = 1 + random.below(order.total)
      const isDone = await insist(`${path}/refunds`, {
        amount: { amount, currency: order.currency },
        reason: 'It arrived broken.',
      })
      if (isDone) journal.deed({ kind: 'refunded', orderId: order.id, amount, at: Date.now() })
    }
  }
  return {
    open() {
      if (isOpen) return
      isOpen = true
      working = work()
    },
    close() {
      isOpen = false
      return working
    },
  }
}
