import assert from 'node:assert/strict'
import { test } from 'node:test'
import { troublesOf } from './src/pages/health-troubles.ts'

const now = Date.parse('2026-11-27T12:00:00Z')
const process = (more: object = {}, lastTurnedAwayAt: string | null = null) => ({
  services: ['orders'],
  admission: {
    seats: 512,
    running: 0,
    waiting: 0,
    delayMs: 0,
    turnedAway: { checkout: 0, cart: 0, account: 0, browsing: 3, background: 0 },
    lastTurnedAwayAt,
  },
  dependencies: [
    {
      name: 'sandbox',
      kind: 'provider' as const,
      state: 'closed' as const,
      since: null,
      lastError: null,
      fallback: 'F',
      ...more,
    },
  ],
})

test('nothing is said while all is well', () => {
  assert.deepEqual(troublesOf({ processes: [process({}, '2026-11-27T11:00:00Z')], silent: [] }, now), [])
})

test('events that were given up are said', () => {
  const events = [{ service: 'orders', pending: 4, oldestSeconds: 9, dead: 0 }]
  assert.deepEqual(troublesOf({ processes: [{ ...process(), events }], silent: [] }, now), [])
  const dead = [{ ...process(), events: events.map((one) => ({ ...one, dead: 1 })) }]
  assert.deepEqual(troublesOf({ processes: [...dead, ...dead], silent: [] }, now), [
    {
      what: 'Some events could not be handled, and were given up.',
      meanwhile: 'Undelivered events says which, and why.',
    },
  ])
})

test('each trouble is said once, with what happens meanwhile', () => {
  const open = process({ state: 'open' }, '2026-11-27T11:59:00Z')
  assert.deepEqual(troublesOf({ processes: [open, open], silent: ['search'] }, now), [
    { what: 'The search service does not answer.', meanwhile: 'It may be starting, or its process ended.' },
    { what: 'The sandbox is in trouble.', meanwhile: 'F' },
    {
      what: 'More people come than can be served.',
      meanwhile: 'Some are asked to come back in a moment; who pays is served first.',
    },
  ])
})
