import { join } from 'node:path'
import T from 'typebox'
import { catalog } from '#contracts/catalog'
import { availabilityChanged } from '#events/inventory'
import { orderCanceled, orderFulfilled, orderPlaced } from '#events/orders'
import { command, contract, internal, ok } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { Nothing } from '#kernel/fields'
import { on } from '#kernel/inbox'
import { publish } from '#kernel/outbox'
import { service } from '#kernel/service'

// Inventory's neighbors, as small as its own tests need them.

const noTables = join(import.meta.dirname, 'no-migrations')

/** A catalog that sells every variant whose id begins with `variant`. */
export const catalogOfAll = service({
  contract: contract('catalog', { sellable: catalog.operations.sellable }),
  settings: T.Object({}),
  connections: null,
  migrations: null,
  start: async () => ({
    operations: {
      sellable: async ({ variantIds }) =>
        ok({
          items: variantIds
            .filter((variantId) => variantId.startsWith('variant'))
            .map((variantId) => ({
              variantId,
              productId: 'prod',
              handle: 'mug',
              title: 'Mug',
              variantTitle: '',
              sku: null,
              options: {},
              categories: [],
              grams: 0,
              requiresShipping: true,
              taxable: true,
              taxCode: null,
              inventoryPolicy: 'deny' as const,
              inventoryTracked: true,
              imageUrl: null,
              active: true,
            })),
        }),
    },
  }),
})

/** Orders that only say what became of them. */
export const toldOrders = contract('orders', {
  tell: command(null, {
    summary: 'Publish an event of an order',
    access: internal,
    input: T.Object({
      fate: T.Union([T.Literal('placed'), T.Literal('canceled'), T.Literal('fulfilled')]),
      orderId: T.String(),
      lines: T.Optional(T.Array(T.Object({ variantId: T.String(), quantity: T.Integer() }))),
    }),
    output: Nothing,
  }),
})

export const ordersThatTell = service({
  contract: toldOrders,
  settings: T.Object({}),
  connections: 2,
  migrations: noTables,
  start: async ({ db }) => ({
    operations: {
      tell: async ({ fate, orderId, lines }) => {
        const about = { orderId, number: 'S-1' }
        const told = { subject: orderId, sequence: 1 }
        await inTransaction(db, (tx) => {
          switch (fate) {
            case 'placed':
              return publish(tx, orderPlaced, {
                ...told,
                data: { ...about, cartId: 'cart', market: 'eu', customerId: null },
              })
            case 'canceled':
              return publish(tx, orderCanceled, { ...told, data: { ...about, reason: 'test' } })
            case 'fulfilled': {
              const left = (lines ?? []).map((line) => ({ ...line }))
              return publish(tx, orderFulfilled, { ...told, data: { ...about, fulfillmentId: 'ful', lines: left } })
            }
          }
        })
        return ok({})
      },
    },
  }),
})

/** Remembers what it heard of availability: `variant state sequence`. */
export function listener() {
  const heard: string[] = []
  return {
    heard,
    service: service({
      contract: contract('search', {}, { subscribes: [availabilityChanged] }),
      settings: T.Object({}),
      connections: 2,
      migrations: noTables,
      start: async () => ({
        operations: {},
        subscriptions: [
          on(availabilityChanged, async (_, { subject, sequence, data }) => {
            heard.push(`${subject} ${data.state} ${sequence}`)
          }),
        ],
      }),
    }),
  }
}
