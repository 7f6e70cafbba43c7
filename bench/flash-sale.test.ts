import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runIn } from '../cli/bench/test-run.ts'
import { noHaproxy } from '../cli/cluster/test-cluster.ts'
import { hostable } from '../cli/environment.ts'

test('a sale of twelve seconds is sold, told and drawn, and leaves nothing behind', { skip: noHaproxy }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sale-test-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const groups = `edge,${hostable.filter((name) => name !== 'edge').join('+')}`
  const sale = ['--peak', '5', '--shape', '2,2,4,2', '--autoscale', '1-2', '--cores', '1', '--groups', groups]
  const program = join(import.meta.dirname, 'flash-sale.ts')
  const { status, said } = await runIn(folder, program, ...sale, '--out', join(folder, 'out'))
  assert.equal(status, 0, said)
  const rows = said.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.split(' | ')] : []))
  assert.deepEqual(
    rows.slice(1).map(([name]) => name),
    [
      '| quiet',
      '| more and more',
      '| the sale, its first half',
      '| the sale, its second half',
      '| less, and quiet again',
    ],
  )
  const pages = rows.slice(1).map((cells) => Number(cells[3]))
  assert.ok(pages.reduce((sum, one) => sum + one, 0) > 0, said)
  assert.match(said, /Troubled for \d+ s\. The most copies, 2, were ready .*: edge 1, identity 1\.\n/)
  const picture = await readFile(join(folder, 'out', 'flash-sale-cluster.svg'), 'utf8')
  assert.equal(picture.match(/<polyline/g)?.length, 5)
  assert.doesNotMatch(picture, /NaN|undefined/)
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('stoa-')),
    [],
  )
})
