import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const stoa = join(import.meta.dirname, 'stoa.ts')
const run = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [stoa, ...args])).stdout

test('help names the commands, and of each tells what it does and takes', async () => {
  const help = await run('help')
  const names = [...help.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name ?? '')
  assert.ok(names.includes('start') && names.includes('verify'), help)
  for (const name of names) {
    const told = await run(name, '--help')
    assert.match(told, new RegExp(`^[^\n]+\n\nusage: stoa ${name}\\b`), name)
    assert.equal(await run('help', name), told)
  }
})

test('what there is not is said in a line', async () => {
  for (const args of [['sell'], ['help', 'sell']])
    await assert.rejects(run(...args), {
      code: 1,
      stderr: 'stoa: there is no command "sell"; "stoa help" lists them\n',
    })
})
