import pg from 'pg'
import { type InvariantCheck, violationsNamedAtMost } from './invariants.ts'

/**
 * I6: every committed event takes effect in every subscriber exactly once. An event that its publisher marks as delivered
 * stands in the subscriber's inbox (the inbox's key forbids a second time), and none was given up.
 * @param ownerUrl the database of all services, as its owner
 */
export async function verifyEvents(ownerUrl: string): Promise<InvariantCheck[]> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ schema: string }>(
      `select table_schema as schema from information_schema.tables where table_name = 'outbox_deliveries' order by 1`,
    )
    const services = rows.map(({ schema }) => schema)
    const lost: string[] = []
    const dead: string[] = []
    let checked = 0
    for (const publisher of services) {
      const outbox = client.escapeIdentifier(publisher)
      const subscribers = await client.query<{ subscriber: string; deliveries: number }>(
        `select subscriber, count(*)::int as deliveries from ${outbox}.outbox_deliveries where delivered_at is not null group by 1`,
      )
      for (const { subscriber, deliveries } of subscribers.rows) {
        checked += deliveries
        const inbox = client.escapeIdentifier(subscriber)
        const missing = await client.query<{ event_id: string }>(
          `select d.event_id from ${outbox}.outbox_deliveries d
           where d.subscriber = $1 and d.delivered_at is not null
             and not exists (select 1 from ${inbox}.inbox i where i.event_id = d.event_id)
           limit $2`,
          [subscriber, violationsNamedAtMost],
        )
        lost.push(
          ...missing.rows.map(({ event_id }) => `${publisher} event ${event_id} had no effect in ${subscriber}`),
        )
      }
      const letters = await client.query<{ event_id: string; subscriber: string; last_error: string }>(
        `select event_id, subscriber, last_error from ${outbox}.dead_letters limit $1`,
        [violationsNamedAtMost],
      )
      dead.push(
        ...letters.rows.map((one) => `${publisher} event ${one.event_id} for ${one.subscriber}: ${one.last_error}`),
      )
    }
    return [
      {
        invariant: 'I6',
        what: 'every delivered event took effect in its subscriber',
        checked,
        violations: lost.slice(0, violationsNamedAtMost),
      },
      { invariant: 'I6', what: 'no event was given up', checked, violations: dead.slice(0, violationsNamedAtMost) },
    ]
  } finally {
    await client.end()
  }
}
