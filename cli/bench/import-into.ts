import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProcessHealth } from '#kernel/health'
import { signIn } from './goods.ts'
import { ownMegabytes } from './meter.ts'
import { environmentOf, type OwnShop, program, stopProcess, untilQuiet, type Where } from './own-shop.ts'

/** Often enough to see what garbage collection leaves and what it does not. */
const sampleEveryMs = 200

/** `stoa import` into the running shop. @returns how long it took until all is found, and the most memory of the shop's own meanwhile */
export async function importInto(
  { dataFolder, port, ending }: Where,
  shop: OwnShop,
  file: string,
): Promise<{ seconds: number; peakMegabytes: number }> {
  const since = performance.now()
  const child = spawn(process.execPath, [program, 'import', file], {
    env: environmentOf(dataFolder, port),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  ending.add(() => stopProcess(child))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2_000)
  })
  let peak = 0
  const sampling = setInterval(async () => {
    peak = Math.max(peak, await ownMegabytes(shop.pid))
  }, sampleEveryMs)
  const [status] = (await once(child, 'close').finally(() => clearInterval(sampling))) as [number | null]
  if (status !== 0) throw new Error(`bench: stoa import ended with status ${status}: ${said}`)
  await untilHeard(shop)
  const seconds = (performance.now() - since) / 1_000
  await untilQuiet(shop.pid)
  return { seconds, peakMegabytes: peak }
}

/** Waits until every event of the catalog has reached everybody, by what is owed at the moment: `/metrics` counts it every ten seconds. Those of orders go on. */
async function untilHeard(shop: OwnShop): Promise<void> {
  // The account of a shop's first start is made once it answers.
  const { ask } = await signIn(shop)
  for (;;) {
    const { processes } = await ask<{ processes: readonly ProcessHealth[] }>('GET', '/api/admin/health')
    const outboxes = processes.flatMap(({ events = [] }) => events)
    if (outboxes.every(({ service, pending }) => service !== 'catalog' || pending === 0)) return
    await pause(sampleEveryMs)
  }
}
