import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { currentCall, serviceCall, withCall } from './call.ts'
import { again, type GatherOptions, gather } from './gather.ts'
import { ProblemError } from './problem.ts'

type Run = GatherOptions<string, string>['run']

const gatherer = (run: Run, limits: { batchAtMost?: number; queueAtMost?: number } = {}) =>
  gather<string, string>({
    service: 'test',
    what: 'try',
    idOf: (request) => request.split('#')[0] ?? '',
    run,
    batchAtMost: 256,
    queueAtMost: 1_000,
    ...limits,
  })

/** Runs batches one by one when told, and keeps what each held. */
function stepwise() {
  const batches: string[][] = []
  const waiting: PromiseWithResolvers<readonly (string | typeof again)[]>[] = []
  const run: Run = (requests) => {
    batches.push([...requests])
    const step = Promise.withResolvers<readonly (string | typeof again)[]>()
    waiting.push(step)
    return step.promise
  }
  const next = async () => {
    while (waiting.length === 0) await pause(1)
    return waiting.shift() as (typeof waiting)[number]
  }
  return { batches, run, next }
}

test('what arrives while a statement runs is sent as the next one, in order, up to the ceiling', async () => {
  const { batches, run, next } = stepwise()
  const ask = gatherer(run, { batchAtMost: 3 })
  const first = ask('a')
  const step = await next()
  const others = ['b', 'c', 'd', 'e'].map(ask)
  step.resolve(['A'])
  ;(await next()).resolve(['B', 'C', 'D'])
  ;(await next()).resolve(['E'])
  assert.equal(await first, 'A')
  assert.deepEqual(await Promise.all(others), ['B', 'C', 'D', 'E'])
  assert.deepEqual(batches, [['a'], ['b', 'c', 'd'], ['e']])
})

test('requests of one turn of the event loop share their first statement', async () => {
  const { batches, run, next } = stepwise()
  const asked = ['a', 'b'].map(gatherer(run))
  ;(await next()).resolve(['A', 'B'])
  await Promise.all(asked)
  assert.deepEqual(batches, [['a', 'b']])
})

test('two requests of one id are never in one batch, and none overtakes its twin', async () => {
  const { batches, run, next } = stepwise()
  const asked = ['a#1', 'a#2', 'b#1', 'a#3'].map(gatherer(run))
  ;(await next()).resolve(['1', '1'])
  ;(await next()).resolve(['2'])
  ;(await next()).resolve(['3'])
  assert.deepEqual(await Promise.all(asked), ['1', '2', '1', '3'])
  assert.deepEqual(batches, [['a#1', 'b#1'], ['a#2'], ['a#3']])
})

test('`again` goes to the head of the queue', async () => {
  const { batches, run, next } = stepwise()
  const ask = gatherer(run, { batchAtMost: 2 })
  const early = ['a', 'b'].map(ask)
  const step = await next()
  const late = ['c', 'd'].map(ask)
  step.resolve([again, 'B'])
  ;(await next()).resolve(['A', 'C'])
  ;(await next()).resolve(['D'])
  assert.deepEqual(await Promise.all([...early, ...late]), ['A', 'B', 'C', 'D'])
  assert.deepEqual(batches, [['a', 'b'], ['a', 'c'], ['d']])
})

test('a statement that fails is run for each request alone, once, and one bad request poisons nobody', async () => {
  const batches: string[][] = []
  const ask = gatherer(async (requests) => {
    batches.push([...requests])
    if (requests.includes('bad')) throw new Error('division by zero')
    return requests.map((request) => request.toUpperCase())
  })
  const outcomes = await Promise.allSettled(['a', 'bad', 'c'].map(ask))
  assert.deepEqual(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)),
    ['A', 'division by zero', 'C'],
  )
  assert.deepEqual(batches, [['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
  assert.equal(await ask('d'), 'D', 'and it goes on')
})

test('a run that answers for too few is a failure, not a verdict', async () => {
  await assert.rejects(gatherer(async () => [])('a'), /0 verdicts on 1 requests/)
})

test('a full queue turns away at once', async () => {
  const { run, next } = stepwise()
  const ask = gatherer(run, { queueAtMost: 2 })
  const first = ask('a')
  const step = await next()
  const queued = [ask('b'), ask('c')]
  await assert.rejects(ask('d'), (error: unknown) => {
    assert.ok(error instanceof ProblemError)
    assert.equal(error.problem.status, 503)
    assert.equal(error.problem.type, '/problems/unavailable')
    assert.equal(error.retryAfterSeconds, 1)
    return true
  })
  step.resolve(['A'])
  ;(await next()).resolve(['B', 'C'])
  assert.deepEqual(await Promise.all([first, ...queued]), ['A', 'B', 'C'])
})

test('a request whose deadline passes is never run, and hears of it while the statement before it still hangs', async () => {
  const { batches, run, next } = stepwise()
  const ask = gatherer(run)
  const first = ask('a')
  const step = await next()
  const late = withCall(serviceCall('test', { timeoutMs: 30 }), () => ask('late'))
  const patient = ask('b')
  await assert.rejects(late, (error: unknown) => error instanceof ProblemError && error.problem.status === 503)
  step.resolve(['A'])
  ;(await next()).resolve(['B'])
  assert.deepEqual(await Promise.all([first, patient]), ['A', 'B'])
  assert.deepEqual(batches, [['a'], ['b']])
})

test('the statement runs in a call of its own, with the trace of its first request', async () => {
  const seen: unknown[] = []
  const ask = gatherer(async (requests) => {
    seen.push(currentCall()?.actor, currentCall()?.traceId)
    return requests
  })
  const shopper = { ...serviceCall('cart', { timeoutMs: 1_000 }), actor: { kind: 'anonymous' } as const }
  await withCall(shopper, () => ask('a'))
  assert.deepEqual(seen, [{ kind: 'service', name: 'test' }, shopper.traceId])
})

test('nobody may wait for others inside a transaction', async () => {
  const ask = gatherer(async (requests) => requests)
  const inside = { ...serviceCall('test', { timeoutMs: 1_000 }), transactionOf: 'test' }
  await assert.rejects(
    withCall(inside, () => ask('a')),
    /inside a transaction/,
  )
})
