import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { eventually } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

for (const shape of shapes) {
  describe(`imports in the shape "${shape}"`, () => {
    let shop: TestShop
    before(async () => {
      shop = await startShop(shape)
    })
    after(async () => {
      await shop?.stop()
    })

    const asStaff = async (method: string, path: string, body?: object | string) => {
      const answer = await fetch(`${shop.url}/api/admin/imports${path}`, {
        method,
        headers: {
          authorization: `Bearer ${shop.staffToken}`,
          ...(body ? { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' } : {}),
        },
        ...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      })
      const text = await answer.text()
      assert.ok(answer.ok, text)
      return text === '' ? null : JSON.parse(text)
    }
    const importRows = async (...rows: string[]): Promise<number[]> => {
      const header =
        'Handle,Title,Status,Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,Variant Inventory Qty'
      const { id } = await asStaff('POST', '', { fileName: 'goods.csv' })
      await asStaff('PUT', `/${id}/parts/0`, `${[header, ...rows].join('\n')}\n`)
      await asStaff('POST', `/${id}/start`)
      for (;;) {
        const report = await asStaff('GET', `/${id}`)
        assert.notEqual(report.state, 'failed', report.error)
        if (report.state === 'done') return [report.productsCreated, report.productsChanged, report.productsUnchanged]
        await pause(50)
      }
    }
    const listed = async () => {
      const { body } = await shop.api('GET', '/api/products?sort=title')
      type Card = { handle: string; priceFrom: { amount: number }; available: boolean; variantCount: number }
      return body.items.map((card: Card) => [card.handle, card.priceFrom.amount, card.available, card.variantCount])
    }
    const published = async (service: string): Promise<number> => {
      const client = new pg.Client({ connectionString: shop.databaseUrl })
      await client.connect()
      const { rows } = await client.query(`select count(*)::int as events from ${service}.outbox`)
      await client.end()
      return rows[0].events
    }

    test('new goods are told of once, with prices and stock; what changes later as ever', async () => {
      const tea = (qty: number) => `tea,Tea,active,Size,S,4.50,shopify,${qty}`
      const more = (price: string) => `tea,,,,L,${price},shopify,0`
      assert.deepEqual(
        await importRows(tea(8), more('9.00'), 'cup,Cup,active,,,7.00,shopify,0', 'pot,Pot,draft,,,1,,'),
        [3, 0, 0],
      )
      await eventually(
        [
          ['cup', 700, false, 1],
          ['tea', 450, true, 2],
        ],
        listed,
      )
      assert.deepEqual([await published('pricing'), await published('inventory')], [0, 0])

      assert.deepEqual(
        await importRows(tea(0), more('4.00'), 'cup,Cup,active,,,7.00,shopify,3', 'pot,Pot,active,,,1,,'),
        [0, 3, 0],
      )
      await eventually(
        [
          ['cup', 700, true, 1],
          ['pot', 100, true, 1],
          ['tea', 400, false, 2],
        ],
        listed,
      )
      // Of tea the price, and stock of tea and cup.
      assert.deepEqual([await published('pricing'), await published('inventory')], [1, 2])
    })
  })
}
