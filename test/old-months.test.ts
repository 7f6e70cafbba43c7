import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { checkInvariants } from '../cli/verify.ts'
import { buy, eventually, sell } from './goods.ts'
import { startShop, type TestShop } from './shop.ts'

const month = new Date().toISOString().slice(0, 7).replace('-', '_')

/** The SQL of docs/databases.md, for the month of this test and a place that a test may have. */
async function documented(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'docs', 'databases.md'), 'utf8')
  const [, , sql = ''] = /\n## Months\n([^#]*?)```sql\n(.*?)```/s.exec(text) ?? []
  assert.match(sql, /set tablespace slow/)
  return sql.replaceAll('2027_03', month).replace("location '/mnt/slow/postgres'", "location ''")
}

describe('a month that is not of today', () => {
  let shop: TestShop
  let owner: pg.Client
  let sold: { readonly id: string; readonly number: string; readonly token: string }
  const broken = async () =>
    (await checkInvariants(shop.client, shop.databases)).flatMap(({ violations }) => violations)
  const read = async () => (await shop.api('GET', `/api/orders/${sold.id}?token=${sold.token}`)).body
  before(async () => {
    shop = await startShop('one')
    owner = new pg.Client({ connectionString: shop.databaseUrl })
    await owner.connect()
    // As in a shop that is some months old: what is sold today has a month of its own.
    await owner.query(`
      do $$ declare one record; begin
        for one in select 'orders' as schema, * from orders.monthly_tables union all select 'payments', * from payments.monthly_tables loop
          perform set_config('search_path', one.schema || ', extensions', true);
          execute format('alter table %I detach partition %I', one.name, one.name || '_before');
          execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', one.name, one.name || '_before',
            first_id(one.prefix, date_trunc('month', now())));
        end loop;
      end $$;
      update orders.monthly_tables set first_month = date_trunc('month', now());
      update payments.monthly_tables set first_month = date_trunc('month', now());
      select orders.make_months(3), payments.make_months(3)`)
    const goods = await sell(shop, { handle: 'monthly-mug', onHand: 5 })
    const { checkout } = await buy(shop, goods.variantId, { quantity: 2 })
    assert.equal(checkout.body.order.status, 'placed', JSON.stringify(checkout.body))
    sold = checkout.body.order
    const shipped = await shop.api('POST', `/api/admin/orders/${sold.id}/fulfillments`, {}, { token: shop.staffToken })
    assert.equal(shipped.body.status, 'fulfilled', JSON.stringify(shipped.body))
    await eventually([], broken)
  })
  after(async () => {
    await owner?.end()
    await shop?.stop()
    const server = new pg.Client({ connectionString: process.env.STOA_TEST_POSTGRES })
    await server.connect()
    await server.query('drop tablespace if exists slow').finally(() => server.end())
  })

  test('lies on slower disks when the owner says so, and everything is as before', async () => {
    const before = await read()
    assert.equal(before.lines.length, 1)
    await owner.query('set allow_in_place_tablespaces to on')
    for (const statement of (await documented()).split(/;\s*\n/)) if (statement.trim()) await owner.query(statement)
    const { rows } = await owner.query(
      `select n.nspname || '.' || c.relname as name from pg_class c
       join pg_namespace n on n.oid = c.relnamespace join pg_tablespace s on s.oid = c.reltablespace
       where s.spcname = 'slow' and c.relkind = 'r' order by 1`,
    )
    assert.deepEqual(
      rows.map(({ name }) => name),
      [`orders.order_history_${month}`, `orders.order_lines_${month}`, `payments.ledger_entries_${month}`],
    )
    assert.deepEqual(await read(), before)
    assert.deepEqual(await broken(), [])
  })

  test('is missed by stoa verify when it was detached, and is whole again when it is attached', async () => {
    const part = `order_lines_${month}`
    const bound = await owner.query(
      `select pg_get_expr(relpartbound, oid) as bound from pg_class where oid = 'orders.${part}'::regclass`,
    )
    await owner.query(`alter table orders.order_lines detach partition orders.${part}`)
    const what = await broken()
    assert.ok(what.includes(`${sold.number} (${sold.id}): 2 units in lines of 0`), what.join('\n'))
    await owner.query(`alter table orders.order_lines attach partition orders.${part} ${bound.rows[0].bound}`)
    assert.deepEqual(await broken(), [])
    assert.equal((await read()).lines.length, 1)
  })
})
