import { parseArgs } from 'node:util'
import { paymentsService } from '../../services/payments/service.ts'
import { startTestPostgres } from '../postgres.ts'
import { preparePostgres } from './postgres.ts'
import { servicesOf } from './process.ts'
import { run } from './run.ts'
import { scenarioOf } from './scenario.ts'

void paymentsService
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
  },
})
const cluster = await startTestPostgres()
const postgres = await preparePostgres(
  cluster.url,
  servicesOf(
    () => {
      throw new Error()
    },
    () => {
      throw new Error()
    },
  ),
)
try {
  const from = Number(values.seed ?? values.from)
  const count = values.seed ? 1 : Number(values.seeds)
  const began = process.hrtime.bigint()
  let steps = 0
  for (let seed = from; seed < from + count; seed++) {
    const one = await run(postgres, scenarioOf(seed))
    steps += one.steps
    if (values.seed) console.log(one.story.join('\n'))
    if (one.broken.length > 0 || values.seed)
      console.log(seed, one.fingerprint, one.steps, JSON.stringify(one.broken.slice(0, 3)))
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  console.log(`${count} seeds, ${(count / seconds).toFixed(2)}/s, ${Math.round(steps / count)} steps each`)
} finally {
  await postgres.close()
  await cluster.stop()
}
