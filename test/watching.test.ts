import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { dashboards, textOf } from '../deploy/grafana/dashboards.ts'
import { buy, sell } from './goods.ts'
import { startShop } from './shop.ts'

const root = join(import.meta.dirname, '..')
const prometheus = join(root, 'deploy', 'prometheus')
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')

/** Prometheus' own parser and evaluator. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const isMissing = 'promtool is not installed: it comes with Prometheus (Debian: prometheus)'
if (!hasPromtool && process.env.STOA_REQUIRE_PEERS === '1') throw new Error(isMissing)
const skip = !hasPromtool && isMissing
const promtool = (...parameters: string[]) => promisify(execFile)('promtool', parameters)

type Alert = { readonly name: string; readonly runbook: string }

/** As they are written in this repository: one field a line. */
async function alerts(): Promise<Alert[]> {
  const rules = (await read('deploy/prometheus/alerts.yaml')).split('- alert: ').slice(1)
  return rules.map((rule) => ({
    name: /^\w+/.exec(rule)?.[0] ?? '',
    runbook: /^ +runbook: (\S+)$/m.exec(rule)?.[1] ?? '',
  }))
}

/** The expressions that Grafana would send, with its variables filled in. */
const panelExpressions = (): string[] =>
  Object.values(dashboards).flatMap(({ panels }) =>
    panels.flatMap(({ targets }) =>
      targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$service', '.*')),
    ),
  )

test('every alert has its runbook, with all parts, and a behaviour that is tested; no runbook is without an alert', async () => {
  const known = await alerts()
  assert.ok(known.length > 20, 'the alerts were found')
  const kebab = (name: string): string => name.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
  const behaviour = await read('deploy/prometheus/alerts.test.yaml')
  const list = await read('docs/runbooks/README.md')
  for (const { name, runbook } of known) {
    assert.equal(runbook, `docs/runbooks/${kebab(name)}.md`)
    const text = await read(runbook)
    assert.ok(text.startsWith(`# ${name}\n`), runbook)
    for (const part of ['**For shoppers.** ', '## First look\n', '## What to do\n', '## It is over when\n'])
      assert.ok(text.includes(part), `${runbook}: ${part}`)
    assert.ok(list.includes(`[${name}](${kebab(name)}.md)`), name)
    // Once when it is quiet, once when it fires.
    assert.match(behaviour, new RegExp(`alertname: ${name}, eval_time`))
    assert.match(behaviour, new RegExp(`alertname: ${name}\\n.*\\n.*exp_alerts:`))
  }
  const files = (await readdir(join(root, 'docs/runbooks'))).filter((file) => file !== 'README.md')
  assert.deepEqual(files.sort(), known.map(({ name }) => `${kebab(name)}.md`).sort())
})

test('the dashboards are those of the code', async () => {
  for (const [file, one] of Object.entries(dashboards))
    assert.equal(await read(`deploy/grafana/${file}`), textOf(one), file)
})

test('every metric that an alert, a dashboard or a runbook names is one that a shop tells', async (t) => {
  const shop = await startShop('one')
  t.after(() => shop.stop())
  const { variantId } = await sell(shop, { handle: 'mug', onHand: 2 })
  await buy(shop, variantId)
  const told = await (await fetch(`${shop.url}/metrics`)).text()
  const kinds = new Map([...told.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]))
  const exists = (name: string): boolean => {
    const histogram = /^(.+)_(?:bucket|sum|count)$/.exec(name)?.[1]
    return kinds.has(name) || (histogram !== undefined && kinds.get(histogram) === 'histogram')
  }
  const runbooks = await Promise.all(
    (await readdir(join(root, 'docs/runbooks'))).map((file) => read(`docs/runbooks/${file}`)),
  )
  const texts = [await read('deploy/prometheus/alerts.yaml'), ...panelExpressions(), ...runbooks]
  const named = new Set(texts.flatMap((text) => text.match(/\b(?:stoa|nodejs|process)_[a-z0-9_]+[a-z0-9]\b/g) ?? []))
  assert.ok(named.size > 30, 'the metrics were found')
  assert.deepEqual(
    [...named].filter((name) => !exists(name)),
    [],
  )
  await lintNames(t, told)
})

/** Names, units and helps by Prometheus' conventions, as its own tool judges them. */
async function lintNames(t: TestContext, told: string): Promise<void> {
  if (skip) return t.diagnostic(skip)
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: told, encoding: 'utf8' })
  const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('stoa_'))
  assert.deepEqual(ours, [])
}

test('alerts behave as they are meant to, and Prometheus understands every expression', { skip }, async (t) => {
  await promtool('check', 'rules', join(prometheus, 'alerts.yaml'))
  await promtool('test', 'rules', join(prometheus, 'alerts.test.yaml'))
  const folder = await mkdtemp(join(tmpdir(), 'stoa-panels-'))
  t.after(() => rm(folder, { recursive: true }))
  const rules = panelExpressions().map((expr, index) => ({ record: `panel:${index}`, expr }))
  // JSON is YAML.
  await writeFile(join(folder, 'panels.yaml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }))
  await promtool('check', 'rules', join(folder, 'panels.yaml'))
})
