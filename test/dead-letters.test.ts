import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { buy, eventually, sell } from './goods.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

for (const shape of shapes) {
  describe(`${shape}: events that were given up`, () => {
    let shop: TestShop
    let owner: pg.Client
    let data: unknown

    const rows = async <R extends pg.QueryResultRow>(statement: string, values: readonly unknown[] = []) =>
      (await owner.query<R>(statement, [...values])).rows
    const staff = () => ({ token: shop.staffToken })
    const list = async (query = '') => {
      const answer = await shop.api('GET', `/api/admin/dead-letters${query}`, undefined, staff())
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      return answer.body as { items: { eventId: string; error: string; diedAt: string }[]; nextCursor: string | null }
    }
    const replay = (body: object) => shop.api('POST', '/api/admin/dead-letters/replay', body, staff())
    /** An event for the mails whose data nobody can read. */
    const publishFaulty = async (): Promise<string> => {
      const [event] = await rows<{ id: string }>(
        `with event as (
           insert into orders.outbox (type, version, subject, sequence, data, trace_id)
           values ('order.placed', 1, 'order_faulty', 1, '{"orderId": 7}', repeat('0', 32)) returning id)
         insert into orders.outbox_deliveries (event_id, subscriber) select id, 'notifications' from event
         returning event_id as id`,
      )
      return event?.id ?? assert.fail()
    }
    const isDead = async (id: string) => {
      await eventually(true, async () => (await list()).items.some(({ eventId }) => eventId === id))
    }

    before(async () => {
      shop = await startShop(shape)
      owner = new pg.Client({ connectionString: shop.databaseUrl })
      await owner.connect()
      const { variantId } = await sell(shop, { handle: 'letter-mug', onHand: 5 })
      await buy(shop, variantId)
      data = (await rows<{ data: unknown }>(`select data from orders.outbox where type = 'order.placed'`))[0]?.data
      assert.ok(data)
    })
    after(async () => {
      await owner?.end()
      await shop?.stop()
    })

    test('they are listed with the reason, and handled once what was wrong is mended; the log says who did it', async () => {
      const id = await publishFaulty()
      await isDead(id)
      const [letter] = (await list()).items
      const { diedAt, occurredAt, ...told } = letter as unknown as Record<string, unknown>
      assert.deepEqual(told, {
        eventId: id,
        type: 'order.placed',
        subject: 'order_faulty',
        publisher: 'orders',
        subscriber: 'notifications',
        attempts: 1,
        error:
          'It is not what order.placed is declared to be: number is required; cartId is required; market is required; customerId is required; orderId must be a text.',
      })
      assert.ok(typeof diedAt === 'string' && typeof occurredAt === 'string')

      const [before] = await rows<{ died_at: Date }>('select died_at from orders.dead_letters where event_id = $1', [
        id,
      ])
      assert.deepEqual((await replay({ eventId: id })).body, { silent: [] })
      await eventually(true, async () => {
        const [now] = await rows<{ died_at: Date }>('select died_at from orders.dead_letters where event_id = $1', [id])
        return now !== undefined && now.died_at > (before?.died_at ?? 0)
      })
      await rows('update orders.outbox set data = $2 where id = $1', [id, JSON.stringify(data)])
      assert.deepEqual((await replay({ eventId: id, service: 'orders' })).body, { silent: [] })
      await eventually(
        1,
        async () => (await rows('select 1 from notifications.inbox where event_id = $1', [id])).length,
      )
      assert.deepEqual((await list()).items, [])
      const written = await rows<{ actor: string; action: string }>(
        `select actor, action from identity.audit_log where subject = $1 order by id`,
        [id],
      )
      // Twice each where calls are sent twice.
      assert.deepEqual(
        [...new Set(written.map(({ action }) => action))],
        ['dead-letters-replayed:all', 'dead-letters-replayed:orders'],
      )
      assert.ok(written.every(({ actor }) => actor.startsWith('staff_')))
    })

    test('what nobody gave up is not replayed, and what another service published is left alone', async () => {
      const id = await publishFaulty()
      await isDead(id)
      const nothing = { silent: [] }
      assert.deepEqual((await replay({ eventId: '00000000-0000-7000-8000-000000000000' })).body, nothing)
      assert.deepEqual((await replay({ eventId: id, service: 'payments' })).body, nothing)
      assert.deepEqual(
        (await list()).items.map(({ eventId }) => eventId),
        [id],
      )
      assert.deepEqual(await rows('select 1 from orders.outbox_deliveries where event_id = $1', [id]), [])
    })

    test('the list goes on page by page, and all are replayed at once', async () => {
      const ids = [await publishFaulty(), await publishFaulty()]
      for (const id of ids) await isDead(id)
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await list(`?limit=1${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)
        seen.push(...page.items.map(({ eventId }) => eventId))
        cursor = page.nextCursor
      }
      const known = await rows<{ id: string }>('select event_id as id from orders.dead_letters order by died_at desc')
      assert.deepEqual(
        seen,
        known.map(({ id }) => id),
      )
      assert.equal(seen.length, 3)
      await rows(`update orders.outbox set data = $1 where subject = 'order_faulty'`, [JSON.stringify(data)])
      if (shape === 'many') await replayedByCommand(shop, seen)
      else assert.deepEqual((await replay({})).body, { silent: [] })
      for (const id of seen)
        await eventually(
          1,
          async () => (await rows('select 1 from notifications.inbox where event_id = $1', [id])).length,
        )
      assert.deepEqual((await list()).items, [])
    })
  })
}

/** The command reaches the processes of a shop where the environment says they are. */
async function replayedByCommand(shop: TestShop, ids: readonly string[]): Promise<void> {
  const stoa = join(import.meta.dirname, '..', 'cli', 'stoa.ts')
  const run = async (...parameters: string[]): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, [stoa, 'events', ...parameters], {
        env: { ...process.env, ...shop.environment },
      })
    ).stdout
  const told = await run('list', '--service', 'orders')
  for (const id of ids)
    assert.match(told, new RegExp(`^${id}  order\\.placed of order_faulty, from orders to notifications$`, 'm'))
  assert.equal(await run('list', '--service', 'pricing'), 'no event was given up\n')
  await assert.rejects(run('replay'), /say "list", or "replay" with --event ID or --all/)
  assert.equal(await run('replay', '--event', ids[0] ?? ''), '1 delivery is under way again\n')
  assert.equal(await run('replay', '--all'), '2 deliveries are under way again\n')
}
