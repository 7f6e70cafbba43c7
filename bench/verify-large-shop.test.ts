import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('verify streams: what it has judged is not kept', () => {
  const program = join(import.meta.dirname, 'verify-large-shop.ts')
  // Orders, payments and stock as they are compared would not fit, if they were kept.
  const bounds = ['--orders', '40000', '--heap', '80']
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...bounds], { encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /with status 0: 5\d{5} rows judged/)
})
