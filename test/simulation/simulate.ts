import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startTestPostgres } from '../postgres.ts'
import { type PlantName, plants, withPlant } from './plants.ts'
import { preparePostgres, type SimulatedPostgres } from './postgres.ts'
import { simulatedServices } from './process.ts'
import { run } from './run.ts'
import { scenarioOf } from './scenario.ts'
import { shrink, tell } from './shrink.ts'

// `npm run simulate`: checkout under many seeds. A seed that breaks something is replayed, shrunk, and told.

const usage = `npm run simulate -- [--seeds 10000] [--from 0]   runs seeds, and ends with 1 when one breaks something
npm run simulate -- --lanes 2                    so many processes share them, each with a PostgreSQL of its own; as many as there are cores
npm run simulate -- --seed 25                    runs one, and tells every step
npm run simulate -- --plant <name>               looks for a planted bug: ${Object.keys(plants).join(', ')}, or all`

/** Seeds after which it says how far it is. */
const sayEvery = 500
/** Failures told at most: more are more of the same, as a rule. */
const failuresAtMost = 5

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
    lanes: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    plant: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const isPlant = (name: string): name is PlantName => name in plants

const lanes = values.seed === undefined && values.plant === undefined ? Number(values.lanes) : 1

if (values.help) {
  say(usage)
} else if (lanes > 1) {
  process.exitCode = await share(Number(values.from), Number(values.seeds), lanes)
} else {
  const cluster = await startTestPostgres()
  const postgres = await preparePostgres(cluster.url, simulatedServices)
  try {
    const from = Number(values.seed ?? values.from)
    const count = values.seed === undefined ? Number(values.seeds) : 1
    if (values.plant === undefined) process.exitCode = await search(postgres, from, count, values.seed !== undefined)
    else process.exitCode = await searchPlants(postgres, values.plant, from, count)
  } finally {
    await postgres.close()
    await cluster.stop()
  }
}

/** One run waits for one statement at a time, so a process keeps no more than a core busy. */
async function share(from: number, count: number, among: number): Promise<number> {
  const began = performance.now()
  const each = Math.ceil(count / among)
  const ends = Array.from({ length: among }, async (_, lane) => {
    const first = from + lane * each
    const seeds = Math.max(0, Math.min(each, from + count - first))
    const command = [
      ...process.execArgv,
      import.meta.filename,
      '--lanes',
      '1',
      '--from',
      `${first}`,
      '--seeds',
      `${seeds}`,
    ]
    const [status] = await once(spawn(process.execPath, command, { stdio: 'inherit' }), 'close')
    return status === 0
  })
  const held = (await Promise.all(ends)).every((one) => one)
  say(
    `${count} seeds from ${from}: ${((count * 1_000) / (performance.now() - began)).toFixed(1)} a second by ${among} processes`,
  )
  return held ? 0 : 1
}

async function search(postgres: SimulatedPostgres, from: number, count: number, tellsAll: boolean): Promise<number> {
  const began = process.hrtime.bigint()
  const perSecond = (seeds: number) => ((seeds * 1e9) / Number(process.hrtime.bigint() - began)).toFixed(1)
  const failed: number[] = []
  let steps = 0
  for (let seed = from; seed < from + count && failed.length < failuresAtMost; seed++) {
    const one = await run(postgres, scenarioOf(seed))
    steps += one.steps
    if (tellsAll) say(tell(one))
    const done = seed - from + 1
    if (done % sayEvery === 0) say(`${done} seeds, ${perSecond(done)} a second, ${failed.length} failed`)
    if (one.broken.length === 0) continue
    failed.push(seed)
    const again = await run(postgres, one.scenario)
    const way = again.fingerprint === one.fingerprint ? 'the same way again' : 'ANOTHER WAY: something is not simulated'
    say(`\nseed ${seed} broke ${one.broken.map(({ check }) => check).join(', ')}; replayed, it went ${way}. Shrunk:`)
    say(tell(await shrink(one, (scenario) => run(postgres, scenario))))
  }
  say(`${count} seeds from ${from}: ${perSecond(count)} a second, ${Math.round(steps / count)} steps each`)
  say(failed.length === 0 ? 'everything held' : `failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

async function searchPlants(postgres: SimulatedPostgres, name: string, from: number, count: number): Promise<number> {
  const names = Object.keys(plants).filter(isPlant)
  let missed = 0
  for (const one of names.filter((each) => name === 'all' || each === name)) {
    const found = await withPlant(postgres, one, async (plant) => {
      for (let seed = from; seed < from + count; seed++) {
        const { broken } = await run(postgres, scenarioOf(seed), plant)
        if (broken[0]) return `found by seed ${seed}: ${broken[0].check}`
      }
      return null
    })
    if (found === null) missed += 1
    say(`${one}: ${found ?? `not found in ${count} seeds`}`)
  }
  return missed === 0 ? 0 : 1
}
