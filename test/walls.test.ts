import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { findViolations, rules } from './walls.ts'

const root = join(import.meta.dirname, '..')

test('no file of the repository breaks a wall', async () => {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'],
    { cwd: root },
  )
  const paths = stdout.split('\n').filter(Boolean)
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), 'utf8').catch(() => '')))
  const sources = new Map(paths.map((path, index) => [path, texts[index] ?? '']))
  assert.ok(sources.size > 50, 'the sources were found')
  assert.deepEqual(findViolations(sources), [])
})

/** A violation of each rule, as somebody in a hurry would write it. */
const planted: Record<string, [path: string, text: string][]> = {
  'kernel-knows-no-commerce': [['kernel/host.ts', `import { orders } from '#contracts/orders'`]],
  'services-meet-by-contract': [
    ['services/orders/store.ts', `import { levels } from '../inventory/store.ts'`],
    ['services/orders/place-order.ts', `const { hold } = await import('../inventory/reserve.ts')`],
    ['services/orders/late.ts', `export { quote } from '../pricing/quote.ts'`],
  ],
  'services-stand-alone': [
    ['services/payments/authorize.ts', `import { sandboxProvider } from '../../providers/payments/sandbox/adapter.ts'`],
    ['services/payments/service.ts', `import { registry } from '../registry.ts'`],
  ],
  'apps-and-tools-use-contracts': [
    ['apps/admin/orders.ts', `import type { OrderRow } from '../../services/orders/store.ts'`],
  ],
  'nothing-imports-an-app': [
    ['services/search/service.ts', `import { card } from '../../apps/storefront/parts/card.tsx'`],
  ],
  'providers-stand-alone': [['providers/payments/sandbox/server.ts', `import { payments } from '#contracts/payments'`]],
  'demo-is-data': [['demo/products.ts', `import { catalog } from '#contracts/catalog'`]],
  'tests-are-not-shipped': [['cli/start.ts', `import { testDatabase } from '../test/database.ts'`]],
}

for (const rule of rules) {
  test(`${rule.name}: a planted violation is found`, () => {
    const examples = planted[rule.name] ?? []
    assert.ok(examples.length > 0, 'each rule has an example')
    for (const [path, text] of examples) {
      const found = findViolations(new Map([[path, text]]))
      assert.ok(
        found.some((one) => one.rule === rule.name && one.from === path),
        `${path}: ${text}`,
      )
    }
  })
}

test('no-cycles: two files that need each other are found, two that share types are not', () => {
  const a = 'kernel/a.ts'
  const b = 'kernel/b.ts'
  const cycle = new Map([
    [a, `import { two } from './b.ts'\nexport const one = two`],
    [b, `import { one } from '#kernel/a'\nexport const two = one`],
  ])
  assert.deepEqual(
    findViolations(cycle).map(({ rule }) => rule),
    ['no-cycles'],
  )
  const types = new Map([
    [a, `import type { Two } from './b.ts'\nexport type One = Two`],
    [b, `import type { One } from './a.ts'\nexport type Two = One | 2`],
  ])
  assert.deepEqual(findViolations(types), [])
})
