import { type Delivery, type DeliveryMark, type Failure, pauseSeconds } from '#kernel/outbox'
import { lettersAfter } from './dead-letters.ts'
import type { Connection } from './mongodb-connection.ts'
import { givenUp, type Owed, type StoredProduct } from './mongodb-document.ts'
import type { ProductStore } from './port.ts'

/** Products among which the oldest event that waits is looked for: those that are due first. */
const judgedByAge = 1_000
/** Copies that look at the same time want the same events; who came second looks again, this often. */
const looksAtMost = 5
/** A product changes all the time only while it is delivered; more changes in a row than this are no chance. */
const roundsAtMost = 100

/** The events of products, inside of their documents. */
export function owedEvents(connection: Connection): ProductStore['events'] {
  const { ask, change, now } = connection
  const products = connection.collection<StoredProduct>('products')
  const owing = { projection: { owed: 1, revision: 1 } } as const
  type Owing = Pick<StoredProduct, '_id' | 'owed' | 'revision'>

  /** Writes what a product owes now, unless the product was written since it was read. */
  const write = async ({ _id, revision }: Owing, owed: readonly Owed[]): Promise<boolean> => {
    const filter = { _id, revision }
    const { matchedCount } = await change(() => products.updateOne(filter, { $set: { owed }, $inc: { revision: 1 } }))
    return matchedCount === 1
  }

  /** Takes what is due of one product, `limit` at most. Nothing when another copy was quicker. */
  const claimOf = async (product: Owing, at: number, leaseSeconds: number, limit: number): Promise<Delivery[]> => {
    const due = new Set(product.owed.filter(({ dueAt }) => dueAt <= at).slice(0, limit))
    const dueAt = at + leaseSeconds * 1_000
    const owed = product.owed.map((one) => (due.has(one) ? { ...one, attempts: one.attempts + 1, dueAt } : one))
    if (!(await write(product, owed))) return []
    return [...due].map(({ subscriber, event, attempts }) => ({ subscriber, event, attempts: attempts + 1 }))
  }

  /** Changes what a product owes, from what it owes now. */
  const changeOwed = async (_id: string, change: (owed: readonly Owed[]) => readonly Owed[]): Promise<void> => {
    for (let round = 0; round < roundsAtMost; round++) {
      const product = await ask(() => products.findOne<Owing>({ _id }, owing))
      if (!product || (await write(product, change(product.owed)))) return
    }
    throw new Error(`catalog: ${_id} was changed by others ${roundsAtMost} times in a row`)
  }

  /** What is owed after a failure. One that was replaced, or that was sent again meanwhile, is still owed as it is. */
  const after = (owed: readonly Owed[], { delivery, error, kind }: Failed): readonly Owed[] =>
    owed.map((one) => {
      if (one.id !== idOf(delivery) || one.attempts !== delivery.attempts) return one
      const failures = one.failures + (kind === 'failed' ? 1 : 0)
      const seconds = pauseSeconds(kind, one.attempts, failures)
      const next =
        seconds === null
          ? { dueAt: givenUp, diedAt: new Date(now()).toISOString() }
          : { dueAt: Math.round(now() + seconds * 1_000) }
      return { ...one, failures, error, ...next }
    })

  return {
    async claim(limit, leaseSeconds) {
      const claimed: Delivery[] = []
      for (let look = 0; look < looksAtMost && claimed.length < limit; look++) {
        const at = now()
        const found = await ask(() =>
          products
            .find({ 'owed.dueAt': { $lte: at } }, owing)
            .sort({ 'owed.dueAt': 1 })
            .limit(limit - claimed.length)
            .toArray(),
        )
        if (found.length === 0) break
        let left = limit - claimed.length
        const claims = found.map((product) => {
          const most = left
          left -= Math.min(left, product.owed.filter(({ dueAt }) => dueAt <= at).length)
          return most > 0 ? claimOf(product, at, leaseSeconds, most) : []
        })
        claimed.push(...(await Promise.all(claims)).flat())
        // A lease of no time at all is due again at once, and would be taken twice here.
        if (leaseSeconds === 0) break
      }
      return claimed
    },
    async confirm(deliveries) {
      const byProduct = Map.groupBy(deliveries, ({ event }) => event.subject)
      const writes = [...byProduct].map(([_id, group]) => ({
        updateOne: {
          filter: { _id },
          update: { $pull: { owed: { id: { $in: group.map(idOf) } } }, $inc: { revision: 1 } },
        },
      }))
      if (writes.length > 0) await change(() => products.bulkWrite(writes, { ordered: false }))
    },
    async postpone(failures) {
      const byProduct = Map.groupBy(failures, ({ delivery }) => delivery.event.subject)
      await Promise.all(
        [...byProduct].map(([productId, group]) => changeOwed(productId, (owed) => group.reduce(after, owed))),
      )
    },
    async backlog() {
      const count = (condition: object) => ({ $sum: { $cond: [condition, 1, 0] } })
      const [[found], oldest] = await ask(() =>
        Promise.all([
          products
            .aggregate<{ pending: number; dead: number }>([
              { $match: { 'owed.dueAt': { $gte: 0 } } },
              { $unwind: '$owed' },
              {
                $group: {
                  _id: null,
                  pending: count({ $lt: ['$owed.dueAt', givenUp] }),
                  dead: count({ $gte: ['$owed.dueAt', givenUp] }),
                },
              },
            ])
            .toArray(),
          products
            .find({ 'owed.dueAt': { $lt: givenUp } }, owing)
            .sort({ 'owed.dueAt': 1 })
            .limit(judgedByAge)
            .toArray(),
        ]),
      )
      const waiting = oldest.flatMap(({ owed }) => owed.filter(({ dueAt }) => dueAt !== givenUp))
      const ages = waiting.map(({ event }) => now() - Date.parse(event.time))
      const oldestSeconds = Math.floor(ages.reduce((most, age) => Math.max(most, age), 0) / 1_000)
      return { pending: found?.pending ?? 0, dead: found?.dead ?? 0, oldestSeconds }
    },
    async deadLetters(after, limit) {
      const found = await ask(() => products.find({ 'owed.dueAt': givenUp }, owing).toArray())
      return lettersAfter(
        found.flatMap(({ owed }) => owed.filter(isGivenUp)),
        after,
        limit,
      )
    },
    async replay(eventId) {
      const isMeant = (one: Owed): boolean => isGivenUp(one) && (eventId === null || one.event.id === eventId)
      const found = await ask(() => products.find({ 'owed.dueAt': givenUp }, owing).toArray())
      let replayed = 0
      for (const { _id, owed } of found) {
        if (!owed.some(isMeant)) continue
        let risen = 0
        await changeOwed(_id, (current) => {
          risen = current.filter(isMeant).length
          return current.map((one) => {
            const { diedAt: _, ...rest } = one
            return isMeant(one) ? { ...rest, attempts: 0, failures: 0, dueAt: now(), error: null } : one
          })
        })
        replayed += risen
      }
      return replayed
    },
    async overdue(time, limit) {
      const found: { productId: string; type: string; subscriber: string }[] = []
      await ask(async () => {
        for await (const { _id, owed } of products.find<Owing>({ 'owed.dueAt': { $gte: 0 } }, owing)) {
          const late = owed.filter(({ dueAt, event }) => dueAt === givenUp || event.time < time)
          for (const { event, subscriber } of late) found.push({ productId: _id, type: event.type, subscriber })
          if (found.length >= limit) break
        }
      })
      return found.slice(0, limit)
    },
  }
}

type Failed = Failure & { readonly delivery: DeliveryMark }

const isGivenUp = ({ dueAt }: Owed): boolean => dueAt === givenUp

const idOf = ({ event, subscriber }: DeliveryMark): string => `${event.id} ${subscriber}`
