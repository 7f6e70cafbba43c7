import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { complain, say } from './terminal.ts'

/** What `npm run check` runs, here and in CI: everything that can be wrong with a change, the quickest first. */
const root = join(import.meta.dirname, '..')

type Step = {
  readonly name: string
  readonly script: string
  readonly parameters: readonly string[]
  /** Shown as it comes, since it takes minutes; of the others only what is wrong is worth reading. */
  readonly live?: boolean
}

const tsc = 'node_modules/typescript/bin/tsc'
const apps = ['apps/admin', 'apps/storefront'].filter((app) => existsSync(join(root, app, 'tsconfig.json')))

const allSteps: readonly Step[] = [
  { name: 'types', script: tsc, parameters: ['-p', '.'] },
  ...apps.map((app) => ({ name: `types of ${app}`, script: tsc, parameters: ['-p', app] })),
  {
    name: 'format and lint',
    script: 'node_modules/@biomejs/biome/bin/biome',
    parameters: ['ci', '--error-on-warnings'],
  },
  { name: 'dead code', script: 'node_modules/knip/bin/knip.js', parameters: ['--no-progress', '--no-config-hints'] },
  { name: 'migrations', script: 'cli/check-migrations.ts', parameters: [] },
  { name: 'generated documents', script: 'cli/stoa.ts', parameters: ['openapi', '--check'] },
  { name: 'tests', script: 'bin/stoa.js', parameters: ['test'], live: true },
]
/** For CI, which runs the tests by themselves. */
const withoutTests = process.argv.includes('--without-tests')
const steps = allSteps.filter(({ name }) => !(withoutTests && name === 'tests'))

for (const step of steps) {
  const since = performance.now()
  if (step.live) say(step.name)
  const { status, output } = await run(step)
  const took = `${((performance.now() - since) / 1_000).toFixed(1)} s`
  if (status !== 0) {
    complain(output.trimEnd())
    complain(`✖ ${step.name} (${took})`)
    process.exitCode = 1
    break
  }
  say(`✔ ${step.name} (${took})`)
}

function run({ script, parameters, live }: Step): Promise<{ status: number; output: string }> {
  const child = spawn(process.execPath, [join(root, script), ...parameters], {
    cwd: root,
    // The tools' own output is read here, in a pipe, where they would do without colors.
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env,
    stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (status) => done({ status: status ?? 1, output }))
  })
}
