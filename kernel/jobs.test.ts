import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createAdmission } from './admission.ts'
import { startJobs } from './jobs.ts'
import type { Started } from './start-service.ts'
import { createLog, createMetrics } from './telemetry.ts'

test('while every seat is taken, what orders wait for is done all the same, and nothing else', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  const leave = Array.from({ length: 400 }, () =>
    admission.enter(
      'checkout',
      () => undefined,
      () => 'turned away',
    ),
  )
  assert.equal(admission.hasSeat('checkout'), false)
  const runs = { recover: 0, tidy: 0 }
  const job = (name: keyof typeof runs) => ({
    name,
    everyMs: 20,
    run: async () => {
      runs[name] += 1
    },
  })
  const started = {
    definition: { contract: { name: 'test' } },
    wiring: { jobs: [{ ...job('recover'), importance: 'checkout' as const }, job('tidy')] },
    db: null,
    events: null,
    log: createLog({ level: 'silent', redact: [] }),
  } as unknown as Started
  const stop = startJobs([started], admission, createMetrics())
  t.after(stop)
  await pause(200)
  assert.ok(runs.recover > 1, `${runs.recover}`)
  assert.equal(runs.tidy, 0)
  for (const one of leave) one()
  await pause(200)
  assert.ok(runs.tidy > 0)
})
