import { setTimeout as pause } from 'node:timers/promises'
import { check, type Fault, type Heal, repeatedly, type Stage } from '../fault.ts'
import type { Order } from '../process.ts'
import { signal } from '../system.ts'

const hourMs = 3_600_000

/** Services whose clocks are wrong, each in its own direction, since processes that agree on a wrong time have no trouble. */
const clocks = (name: string, what: string, offsets: Readonly<Record<string, number>>): Fault => ({
  name,
  rows: ['F26'],
  what,
  sellsMeanwhile: true,
  backWithinSeconds: 10,
  inject: async (stage) => {
    for (const [service, offsetMs] of Object.entries(offsets)) tellAll(stage, service, { do: 'set-clock', offsetMs })
    return async () => {
      // Back: for a process that was ahead, time leaps into the past in the middle of its work.
      for (const service of Object.keys(offsets)) tellAll(stage, service, { do: 'set-clock', offsetMs: 0 })
      return []
    }
  },
})

function tellAll({ ground }: Stage, service: string, order: Order): void {
  const group = ground.group(service)
  for (const copy of group.copies()) group.tell(copy, order)
}

export const machineFaults: readonly Fault[] = [
  clocks('clock-ahead', 'the clocks of orders, payments and pricing are an hour ahead, then leap back', {
    orders: hourMs,
    payments: hourMs,
    pricing: hourMs,
  }),
  clocks('clock-behind', 'the clocks of the public door, orders and inventory are an hour behind, then leap on', {
    edge: -hourMs,
    orders: -hourMs,
    inventory: -hourMs,
  }),
  clocks('clocks-apart', 'the clocks of neighbors are five minutes apart, in both directions', {
    edge: 5 * 60_000,
    orders: -5 * 60_000,
    payments: 5 * 60_000,
    inventory: -5 * 60_000,
    cart: 5 * 60_000,
    notifications: -5 * 60_000,
  }),
  {
    name: 'event-loop-blocked',
    rows: ['F27'],
    what: 'a process of orders, payments or inventory computes for 5 s and answers nothing meanwhile',
    backWithinSeconds: 10,
    inject: async (stage) => {
      const blocking = repeatedly(stage, 3_000, async () => {
        const group = stage.ground.group(stage.random.pick(['orders', 'payments', 'inventory']))
        const [copy] = group.copies()
        if (copy) group.tell(copy, { do: 'block', ms: 5_000 })
      })
      return ended(blocking.end)
    },
  },
  {
    name: 'out-of-memory',
    rows: ['F27'],
    what: 'a process of orders, payments or the public door uses up its memory until it is ended',
    secondsAtLeast: 12,
    backWithinSeconds: 15,
    inject: async (stage) => {
      const groups = ['orders', 'payments', 'edge'].map((service) => stage.ground.group(service))
      const before = groups.map((group) => group.restarts())
      for (const group of groups) for (const copy of group.copies().slice(0, 1)) group.tell(copy, { do: 'hoard' })
      return async () => {
        const ends = (): number => groups.filter((group, at) => group.restarts() > (before[at] ?? 0)).length
        for (const until = Date.now() + 60_000; ends() < groups.length && Date.now() < until; ) await pause(100)
        await Promise.all(groups.map((group) => group.untilReady()))
        const violations = ends() < groups.length ? ['not every process ran out of memory'] : []
        return [check('processes ran out of memory', ends(), violations)]
      }
    },
  },
  {
    name: 'rolling-restart',
    rows: ['F28'],
    what: 'every process is replaced under load: the new one is ready before the old one is told to stop',
    sellsMeanwhile: true,
    backWithinSeconds: 5,
    mayFail: 0,
    inject: async ({ ground }) => {
      const rolled = (async () => {
        // One group after the other, as a careful rollout does.
        for (const group of ground.groups) if (group.part.name !== 'sandbox') await (await group.roll()).gone
      })()
      return async () => {
        await rolled
        return []
      }
    },
  },
  {
    name: 'slow-consumer',
    rows: ['F15'],
    what: 'mails stand still for longer than an event’s lease, so events are sent again to who still has them',
    secondsAtLeast: 35,
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: async ({ ground }) => {
      const group = ground.group('notifications')
      const paused = group.copies().map(({ pid }) => pid)
      for (const pid of paused) signal(pid, 'SIGSTOP')
      return async () => {
        for (const pid of paused) signal(pid, 'SIGCONT')
        await group.untilReady()
        return []
      }
    },
  },
  {
    name: 'poison-event',
    rows: ['F16'],
    what: 'an event that is not what it is declared to be, so that nobody can handle it',
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: poison,
  },
]

const ended =
  (end: () => Promise<void>): Heal =>
  async () => {
    await end()
    return []
  }

/** At the relay's next look. */
const givenUpWithinMs = 120_000

/** It must be given up, and nothing else with it; then staff clear it away, as they would. */
async function poison({ ground }: Stage): Promise<Heal> {
  const { rows } = await ground.database.query<{ id: string }>(
    `with event as (
       insert into orders.outbox (type, version, subject, sequence, data, trace_id)
       values ('order.placed', 1, 'order_poison', 1, '{"poison": true}', repeat('0', 32)) returning id)
     insert into orders.outbox_deliveries (event_id, subscriber)
     select id, subscriber from event, unnest(array['notifications']) as subscriber returning event_id as id`,
  )
  const id = rows[0]?.id
  return async () => {
    const letters = async () =>
      (
        await ground.database.query<{ subscriber: string }>(
          'select subscriber from orders.dead_letters where event_id = $1',
          [id],
        )
      ).rows
    for (const until = Date.now() + givenUpWithinMs; Date.now() < until && (await letters()).length < rows.length; ) {
      await ground.database.query('update orders.outbox_deliveries set next_attempt_at = now() where event_id = $1', [
        id,
      ])
      await pause(500)
    }
    const dead = await letters()
    const others = await ground.database.query<{ event_id: string }>(
      'select event_id from orders.dead_letters where event_id <> $1',
      [id],
    )
    await ground.database.query('delete from orders.dead_letters where event_id = $1', [id])
    await ground.database.query('delete from orders.outbox_deliveries where event_id = $1', [id])
    await ground.database.query('delete from orders.outbox where id = $1', [id])
    const violations = [
      ...(dead.length === rows.length ? [] : [`it was given up for ${dead.length} of ${rows.length} subscribers`]),
      ...others.rows.map(({ event_id }) => `${event_id} was given up with it`),
    ]
    return [check('what nobody can handle is given up, alone', rows.length, violations)]
  }
}
