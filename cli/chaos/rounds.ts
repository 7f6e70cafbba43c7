import { setTimeout as pause } from 'node:timers/promises'
import { audit, settle } from './audit.ts'
import type { Fault, Finding, Stage } from './fault.ts'
import { sell } from './goods.ts'
import type { Sample } from './http.ts'
import type { Purchase } from './journal.ts'
import type { Theater } from './theater.ts'

/** What one fault came to. Times in epoch milliseconds. */
export type Round = {
  readonly fault: string
  readonly rows: readonly string[]
  readonly what: string
  /** Why it was not done; null when it was. */
  readonly skipped: string | null
  readonly beganAt: number
  readonly healedAt: number
  readonly endedAt: number
  readonly notes: readonly { readonly at: number; readonly text: string }[]
  /** Checkouts answered with an order, with a refusal, and by nobody while their buyer asked. */
  readonly acknowledged: number
  readonly refused: number
  readonly unanswered: number
  readonly requests: number
  /** Requests that got no answer or a 5xx, most of which were asked again. */
  readonly failedRequests: number
  /** What failed how often: `checkout 503`, and `checkout 0` where no answer came. */
  readonly failures: Readonly<Record<string, number>>
  /** From the fault's end to the first order of a buyer who came after it began; null when none came. */
  readonly backAfterMs: number | null
  readonly backWithinMs: number
  /** Orders of buyers who came and were answered while it lasted. */
  readonly soldMeanwhile: number
  /** The longest that an order held stock past its time limit. */
  readonly heldTooLongMs: number
  /** How often processes of the shop had to be started again. */
  readonly restarts: number
  readonly checks: readonly Finding[]
  /** All that does not hold, in a line each. */
  readonly broken: readonly string[]
}

/** Buyers before the fault, so that it meets a shop at work. */
const calmBeforeMs = 2_000
/** And after it, so that whatever it left shows. */
const calmAfterMs = 3_000
/** What a round has of one variant: fewer than want it. */
const scarceUnits = 10
/** I5: an unpaid order holds stock no longer past its limit than the provider's five minutes, and a minute for us. */
const heldTooLongAtMostMs = 6 * 60_000
/** A fault that must not keep anybody from buying lasts so much longer until somebody has, on a busy machine. */
const sellsWithinMs = 20_000
/** How long the first order after a fault is waited for, in parts of what it may take. */
const patience = 2

/** One fault, from a shop at work to a shop that was looked through. */
export async function runRound(theater: Theater, fault: Fault, onProgress: (step: string) => void): Promise<Round> {
  const { buyers, clerks, journal, http, random } = theater
  const reason = (await fault.unable?.()) ?? null
  if (reason !== null) return skipped(fault, reason)
  const firstPurchase = journal.purchases.length
  const firstSample = http.samples.length
  const restartsBefore = restartsOf(theater)
  const notes: { at: number; text: string }[] = []
  const holds = watchHolds(theater)

  onProgress(`${fault.name}: buyers come`)
  buyers.scarce = await sell(theater.staff, theater.goods.market, `scarce-${fault.name}`, scarceUnits)
  buyers.open()
  clerks.open()
  await pause(calmBeforeMs)

  onProgress(`${fault.name}: ${fault.what}`)
  const bought = (): readonly Purchase[] => journal.purchases.slice(firstPurchase)
  const note = (text: string): unknown => notes.push({ at: Date.now(), text })
  const stage = { ...theater, random: random.of(fault.name), note }
  const { beganAt, injectedAt, healedAt, soldMeanwhile, found } = await perform(stage, fault, bought)

  onProgress(`${fault.name}: it is over, the shop comes back`)
  const isBack = (): number | null => firstOrder(bought(), injectedAt, healedAt)
  const deadline = Date.now() + fault.backWithinSeconds * 1_000 * patience
  while (isBack() === null && Date.now() < deadline) await pause(50)
  await pause(calmAfterMs)
  buyers.close()
  await Promise.all([buyers.gone(), clerks.close()])

  onProgress(`${fault.name}: waiting until nothing is owed`)
  const open = await settle(theater, { untilExpired: false })
  onProgress(`${fault.name}: looking through`)
  const purchases = bought()
  const checks = [...(await audit(theater, purchases)), ...found]
  const samples = http.samples.slice(firstSample).filter(({ what }) => what !== 'control' && what !== 'audit')
  const backAfterMs = isBack()
  const round = {
    fault: fault.name,
    rows: fault.rows,
    what: fault.what,
    skipped: null,
    beganAt,
    healedAt,
    endedAt: Date.now(),
    notes,
    ...countsOf(purchases, samples),
    backAfterMs,
    backWithinMs: fault.backWithinSeconds * 1_000,
    soldMeanwhile,
    heldTooLongMs: await holds.end(),
    restarts: restartsOf(theater) - restartsBefore,
    checks,
  }
  return { ...round, broken: brokenIn(round, fault, open) }
}

/** The fault from its beginning to its end, while buyers buy. */
async function perform(stage: Stage, fault: Fault, bought: () => readonly Purchase[]) {
  const beganAt = Date.now()
  const heal = await fault.inject(stage)
  const injectedAt = Date.now()
  await pause(Math.max(stage.seconds, fault.secondsAtLeast ?? 0) * 1_000)
  const sold = (): number => countOrders(bought(), injectedAt)
  const sellsUntil = Date.now() + sellsWithinMs
  while (fault.sellsMeanwhile && sold() === 0 && Date.now() < sellsUntil) await pause(100)
  const soldMeanwhile = sold()
  const found = await heal()
  return { beganAt, injectedAt, healedAt: fault.momentary ? beganAt : Date.now(), soldMeanwhile, found }
}

function brokenIn(round: Omit<Round, 'broken'>, fault: Fault, open: string | null): string[] {
  const broken = violationsOf(round.checks)
  if (open !== null) broken.push(`it did not come to rest: ${open}`)
  if (round.backAfterMs === null) broken.push('no order was acknowledged after it')
  else if (round.backAfterMs > round.backWithinMs)
    broken.push(`back after ${seconds(round.backAfterMs)}, which may take ${seconds(round.backWithinMs)}`)
  if (fault.sellsMeanwhile && round.soldMeanwhile === 0) broken.push('nobody could buy while it lasted')
  if (round.heldTooLongMs > heldTooLongAtMostMs)
    broken.push(`I5 stock was held ${seconds(round.heldTooLongMs)} past its time limit`)
  if (fault.mayFail !== undefined && round.failedRequests > fault.mayFail * round.requests)
    broken.push(`${round.failedRequests} of ${round.requests} requests failed (${failuresOf(round)})`)
  return broken
}

/** Everything once more, when each order that waited is paid or has expired. */
export async function judgeAtTheEnd(theater: Theater): Promise<{ checks: Finding[]; broken: string[] }> {
  const open = await settle(theater, { untilExpired: true })
  const checks = await audit(theater, theater.journal.purchases)
  return { checks, broken: [...violationsOf(checks), ...(open === null ? [] : [`it did not come to rest: ${open}`])] }
}

const violationsOf = (checks: readonly Finding[]): string[] =>
  checks.flatMap(({ invariant, what, violations }) => violations.map((one) => `${invariant} ${what}: ${one}`))

/** The kinds of failures in a line. */
export const failuresOf = ({ failures }: Pick<Round, 'failures'>): string =>
  Object.entries(failures)
    .map(([kind, count]) => `${kind}: ${count}`)
    .join(', ')

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

function skipped(fault: Fault, reason: string): Round {
  const now = Date.now()
  return {
    fault: fault.name,
    rows: fault.rows,
    what: fault.what,
    skipped: reason,
    beganAt: now,
    healedAt: now,
    endedAt: now,
    notes: [],
    acknowledged: 0,
    refused: 0,
    unanswered: 0,
    requests: 0,
    failedRequests: 0,
    failures: {},
    backAfterMs: null,
    backWithinMs: fault.backWithinSeconds * 1_000,
    soldMeanwhile: 0,
    heldTooLongMs: 0,
    restarts: 0,
    checks: [],
    broken: [],
  }
}

function countsOf(purchases: readonly Purchase[], samples: readonly Sample[]) {
  const failed = samples.filter(hasFailed)
  return {
    acknowledged: purchases.filter(({ order }) => order).length,
    refused: purchases.filter(({ answer, order }) => answer && !order).length,
    unanswered: purchases.filter(({ answer }) => !answer).length,
    requests: samples.length,
    failedRequests: failed.length,
    failures: Object.fromEntries(
      Object.entries(Object.groupBy(failed, ({ what, status }) => `${what} ${status}`)).map(([kind, list]) => [
        kind,
        list?.length ?? 0,
      ]),
    ),
  }
}

export const hasFailed = ({ status }: Sample): boolean => status === 0 || status >= 500

const countOrders = (purchases: readonly Purchase[], since: number): number =>
  purchases.filter(({ order, beganAt }) => order && beganAt >= since).length

/** Milliseconds from `healedAt` to the first order of those who came since the fault was there; 0 when orders came all the time. */
function firstOrder(purchases: readonly Purchase[], injectedAt: number, healedAt: number): number | null {
  const answeredAt = purchases.flatMap(({ order, answer, beganAt: cameAt }) =>
    order && answer && cameAt >= injectedAt && answer.at >= healedAt ? [answer.at] : [],
  )
  return answeredAt.length === 0 ? null : Math.min(...answeredAt) - healedAt
}

const restartsOf = ({ ground }: Theater): number => ground.groups.reduce((sum, group) => sum + group.restarts(), 0)

const holdLookEveryMs = 1_000

/** Looks all the time for stock that unpaid orders hold past their limit, by the database's clock. */
function watchHolds({ ground }: Theater) {
  let longestMs = 0
  let watching = true
  const watched = (async () => {
    while (watching) {
      const found = await ground.database
        .query<{ ms: number }>(
          `select coalesce(max(extract(epoch from now() - o.expires_at)) * 1000, 0)::float8 as ms
           from orders.orders o join inventory.holds h on h.order_id = o.id
           where h.state = 'held' and o.expires_at < now() and o.state <> 'placed'`,
        )
        .catch(() => null)
      longestMs = Math.max(longestMs, found?.rows[0]?.ms ?? 0)
      await pause(holdLookEveryMs)
    }
  })()
  return {
    async end(): Promise<number> {
      watching = false
      await watched
      return longestMs
    },
  }
}
