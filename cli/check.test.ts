import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

const root = await mkdtemp(join(tmpdir(), 'stoa-check-'))
after(() => rm(root, { recursive: true }))

const tools = {
  tsc: 'node_modules/typescript/bin/tsc',
  biome: 'node_modules/@biomejs/biome/bin/biome',
  knip: 'node_modules/knip/bin/knip.js',
  migrations: 'cli/check-migrations.ts',
  stoa: 'cli/stoa.ts',
  launcher: 'bin/stoa.js',
}

/** A checkout whose tools only say that they ran, and fail where asked to. */
async function check(name: string, failing?: keyof typeof tools) {
  const folder = join(root, name)
  for (const [tool, path] of Object.entries(tools)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    const status = tool === failing ? 2 : 0
    await writeFile(
      join(folder, path),
      `console.log('${tool}', ...process.argv.slice(2)); process.exitCode = ${status}`,
    )
  }
  for (const file of ['check.ts', 'terminal.ts'])
    await copyFile(join(import.meta.dirname, file), join(folder, 'cli', file))
  await mkdir(join(folder, 'apps', 'storefront'), { recursive: true })
  await writeFile(join(folder, 'apps', 'storefront', 'tsconfig.json'), '{}')
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'cli', 'check.ts')], {
    cwd: root,
    encoding: 'utf8',
  })
  const withoutTimes = (text: string) =>
    text
      .replace(/\(\d+\.\d s\)/g, '(time)')
      .split('\n')
      .filter(Boolean)
  return { status, said: withoutTimes(stdout), complained: withoutTimes(stderr) }
}

test('every step is told with its time, and only the tests show what they say', async () => {
  assert.deepEqual(await check('good'), {
    status: 0,
    said: [
      '✔ types (time)',
      '✔ types of apps/storefront (time)',
      '✔ format and lint (time)',
      '✔ dead code (time)',
      '✔ migrations (time)',
      '✔ generated documents (time)',
      'tests',
      'launcher test',
      '✔ tests (time)',
    ],
    complained: [],
  })
})

test('the first step that fails shows why, and is the last', async () => {
  assert.deepEqual(await check('lint', 'biome'), {
    status: 1,
    said: ['✔ types (time)', '✔ types of apps/storefront (time)'],
    complained: ['biome ci --error-on-warnings', '✖ format and lint (time)'],
  })
})

test('tests that fail fail the check', async () => {
  const { status, complained } = await check('tests', 'launcher')
  assert.deepEqual([status, complained], [1, ['✖ tests (time)']])
})
