import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import sharp from 'sharp'
import { checkPicture, renderPicture } from '../services/catalog/media/picture.ts'
import { hashPassword, verifyPassword } from '../services/identity/passwords.ts'

// A password and a picture take a processor for longer than a checkout does, and are worked on beside the event loop. Both sides of each
// comparison are of one run, so that a slower or a busier machine changes both.

const password = 'a password of some length'
/** Other work on the machine makes a turn long now and then; work on the event loop does so in each of some runs. */
const runsAtMost = 5

type Turns = {
  readonly tookMs: number
  /** Of the event loop, meanwhile. */
  readonly longestMs: number
  /** What the event loop's thread had of the processor time, from 0 to 1. */
  readonly share: number
}

const usedUs = ({ user, system }: NodeJS.CpuUsage): number => user + system

async function turnsDuring(work: () => Promise<unknown>): Promise<Turns> {
  const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()]
  const began = performance.now()
  let isDone = false
  let longestMs = 0
  const turning = (async () => {
    for (let last = began; !isDone; ) {
      await pause(1)
      const now = performance.now()
      longestMs = Math.max(longestMs, now - last)
      last = now
    }
  })()
  await work().finally(() => {
    isDone = true
  })
  await turning
  return {
    tookMs: performance.now() - began,
    longestMs,
    share: usedUs(process.threadCpuUsage(thread)) / usedUs(process.cpuUsage(all)),
  }
}

/**
 * Work on the event loop's thread is one long turn, or many turns and all of the processor time.
 * @param work several of what takes a processor for a while, all at once
 */
async function goesOnTurningBeside(work: () => Promise<unknown>): Promise<void> {
  await work()
  const runs: string[] = []
  for (let run = 1; run <= runsAtMost; run++) {
    const { tookMs, longestMs, share } = await turnsDuring(work)
    if (longestMs < tookMs / 4 && share < 1 / 4) return
    runs.push(`a turn of ${longestMs.toFixed(1)} of ${tookMs.toFixed(1)} ms, ${share.toFixed(2)} of the processor time`)
  }
  assert.fail(runs.join('\n'))
}

const inParallel = (times: number, work: () => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: times }, work))

test('the event loop goes on turning while passwords are hashed and compared', async () => {
  const stored = await hashPassword(password)
  await goesOnTurningBeside(() => inParallel(16, () => hashPassword(password)))
  await goesOnTurningBeside(() => inParallel(16, () => verifyPassword(stored, password)))
})

test('the event loop goes on turning while large pictures are taken in and made smaller', async () => {
  const photograph = await sharp({
    create: {
      width: 4_000,
      height: 3_000,
      channels: 3,
      background: '#a0522d',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .jpeg()
    .toBuffer()
  const checked = await checkPicture(photograph)
  assert.ok(checked.ok)
  await goesOnTurningBeside(() => inParallel(2, () => checkPicture(photograph)))
  await goesOnTurningBeside(() => inParallel(4, () => renderPicture(checked.picture, 640)))
})
