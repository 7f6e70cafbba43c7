import { serviceCall, withCall } from '#kernel/call'
import { gatherCrowd } from './actors.ts'
import { type Found, findBroken } from './check.ts'
import { faultsOf } from './faults.ts'
import { type Door, simulateNetwork } from './network.ts'
import type { Plant } from './plants.ts'
import { type SimulatedPostgres, simulateStatements } from './postgres.ts'
import { servicesOf, startProcess } from './process.ts'
import { simulateProvider } from './provider.ts'
import { randomOf } from './random.ts'
import type { Scenario } from './scenario.ts'
import { surround } from './surroundings.ts'
import { createTimeline, type Due, type Life, outside, within } from './timeline.ts'
import { createTrace } from './trace.ts'

export type Run = {
  readonly scenario: Scenario
  /** What does not hold; empty for a run as it should be. */
  readonly broken: readonly Found[]
  readonly steps: number
  readonly fingerprint: string
  readonly story: readonly string[]
}

/** Processes of the shop that run beside each other. */
const processNames = ['shop a', 'shop b'] as const
/** How long a provider waits until it takes a callback for lost. */
const callbackTimeoutMs = 15_000
/** A run that takes more steps goes round in circles. */
const stepsAtMost = 10_000

/** Runs a scenario from an empty shop to the moment when nothing is left to be done, and looks whether all is as it should be. */
export async function run(postgres: SimulatedPostgres, scenario: Scenario, plant?: Plant): Promise<Run> {
  await postgres.reset()
  const random = randomOf(scenario.seed)
  /** What is due is known until a statement may have changed it. */
  let known: { readonly after: number; readonly due: Due } | null = null
  const timeline = createTimeline(async () => {
    if (known?.after !== statements.written())
      known = { after: statements.written(), due: await nextDue(postgres, timeline.now()) }
    return known.due
  })
  const trace = createTrace(timeline)
  const bugs: Found[] = []
  const doors: Door[] = []

  const faults = faultsOf(scenario, random, timeline, (life, at) => {
    trace.add(life, 'dies', `after ${at}`)
    life.isOver = true
    const open = doors.findIndex((door) => door.life === life)
    if (open >= 0) doors.splice(open, 1)
    timeline.after(random.between(1, 2_000, `${at} is noticed`), () => statements.loseConnectionsOf(life), {
      life: outside,
    })
    timeline.after(random.between(500, 20_000, `${at} is mended`), () => begin(life.name), { life: outside })
  })
  const statements = simulateStatements({
    postgres,
    timeline,
    trace,
    latencyMs: faults.statementMs,
    rewrite: plant?.rewrite ?? ((statement) => statement),
    leavesTransaction: plant?.leavesTransaction ?? (() => false),
    onAnswered: faults.mayCrash,
  })
  const onBug = (where: string, error: Error): void => {
    if (!isExpected(error)) bugs.push({ check: 'no call fails by a bug', detail: `${where}: ${error.message}` })
  }
  const post = simulateNetwork({ timeline, trace, faults, doors: () => doors, onBug })
  /** What is looked up outside of the shop is an event too. */
  const look = <V>(find: () => Promise<V>): Promise<V> =>
    new Promise((resolve, reject) => timeline.after(0, () => find().then(resolve, reject), { life: outside }))
  const crowd = gatherCrowd({
    scenario,
    timeline,
    trace,
    random,
    post,
    orderOf: (cartId) => look(() => orderOf(postgres, cartId)),
  })
  const provider = simulateProvider({
    timeline,
    trace,
    faults,
    random,
    captures: random.pick(['single', 'multiple'] as const, 'captures'),
    callBack: async (rawBody) => {
      // A request of its own: not a part of the call that made the provider tell.
      const call = serviceCall('edge', { timeoutMs: callbackTimeoutMs })
      const request = { provider: 'sandbox', rawBody, headers: {} }
      const outcome = await withCall(call, () => crowd.clients.payments.webhook(request)).catch(() => null)
      return outcome?.ok ?? false
    },
  })
  const adapter = () => plant?.adapter?.(provider.adapter()) ?? provider.adapter()
  const services = servicesOf(adapter, crowd.cartOf)

  const onTrouble = (line: string): void => {
    const { err, msg, service } = JSON.parse(line) as {
      err?: Error & { code?: string }
      msg?: string
      service?: string
    }
    if (err && !isExpected(err))
      bugs.push({ check: 'no work fails by a bug', detail: `${service}: ${msg}: ${err.message}` })
  }
  const begin = async (name: string): Promise<void> => {
    const life: Life = { name, isOver: false, skewMs: faults.skewMs(name) }
    trace.add(life, 'starts', 'running')
    const { openPool } = statements
    const starting = startProcess({
      life,
      scenario,
      services,
      timeline,
      databaseUrl: postgres.url,
      openPool,
      post,
      onTrouble,
    })
    void starting.then((door) => {
      if (!life.isOver) doors.push(door)
    })
  }

  const putBack = surround(timeline, random, faults.isCalm)
  try {
    await within(outside, async () => {
      for (const name of processNames) await begin(name)
    })
    let hasBegun = false
    let isDone = false
    await timeline.run(() => doors.length === processNames.length)
    const opening = crowd.open().then(() => {
      hasBegun = true
    })
    await timeline.run(() => hasBegun)
    await opening
    faults.unleash()
    const acting = crowd.act().then(() => {
      isDone = true
    })
    const isTooLong = (): boolean => timeline.steps() > stepsAtMost
    await timeline.run(isTooLong)
    faults.calm()
    await timeline.run(isTooLong)
    if (!isDone || isTooLong())
      bugs.push({ check: 'everything comes to an end', detail: `after ${timeline.steps()} steps it had not` })
    else await acting
    const found = await findBroken({ postgres, scenario, crowd, bank: provider.bank, timeline })
    return {
      scenario,
      broken: [...bugs, ...found],
      steps: timeline.steps(),
      fingerprint: trace.fingerprint(),
      story: trace.story(),
    }
  } finally {
    putBack()
    await statements.end()
  }
}

/** Errors that faults bring about: a lock that was not given in time, a deadlock, a caller whose time was over. */
const isExpected = (error: Error & { code?: string }): boolean =>
  error.code === '55P03' ||
  error.code === '40P01' ||
  /service-unavailable|unavailable|in-progress|took too long|did not answer|canceling statement due to lock/.test(
    error.message,
  )

async function nextDue(postgres: SimulatedPostgres, now: number): Promise<Due> {
  const { rows } = await postgres.owner.query<{ source: string; due: number | null }>({
    name: 'due',
    text: `
    select source, (extract(epoch from min(due)) * 1000)::float8 as due from (
      select 'orders recover' as source, greatest(look_at, lease_until) as due from orders.orders where look_at is not null
      union all select 'payments reconcile', look_at from payments.order_payments where look_at is not null
      union all select 'payments reconcile', created_at + interval '12 seconds' from payments.payment_operations where status = 'pending'
      union all select 'orders events', next_attempt_at from orders.outbox_deliveries where delivered_at is null
      union all select 'payments events', next_attempt_at from payments.outbox_deliveries where delivered_at is null
      union all select 'inventory events', next_attempt_at from inventory.outbox_deliveries where delivered_at is null) as one
    group by source`,
  })
  return new Map(
    rows.flatMap(({ source, due }) =>
      due === null || due > now + settledForMs ? [] : [[source, Math.ceil(due)] as const],
    ),
  )
}

/** What is due only after so long is not waited for: the end of an authorization, which holds for a week. */
const settledForMs = 24 * 3_600_000

async function orderOf(postgres: SimulatedPostgres, cartId: string): Promise<string | null> {
  const { rows } = await postgres.owner.query<{ id: string }>(
    'select id from orders.orders where cart_id = $1 order by created_at desc, id desc limit 1',
    [cartId],
  )
  return rows[0]?.id ?? null
}
