import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { readRows, readRowsOf, type Source } from './csv-rows.ts'

const sourceOf = (text: string, chunkBytes = 1_000): Source =>
  async function* (offset) {
    const all = Buffer.from(text)
    for (let at = offset; at < all.length; at += chunkBytes) yield all.subarray(at, at + chunkBytes)
  }

async function read(text: string, chunkBytes?: number) {
  const rows: [number, readonly string[] | string][] = []
  for await (const row of readRows(sourceOf(text, chunkBytes), { offset: 0, row: 1 }, ',')) {
    rows.push([row.row, 'broken' in row ? row.broken : row.cells])
  }
  return rows
}

describe('reading CSV', () => {
  test('quotes, commas and line ends in cells, and line ends of every system', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const text = `a,b${end}1,"x, ""y""${end}z"${end}2,${end}`
      assert.deepEqual(await read(text), [
        [1, ['a', 'b']],
        [2, ['1', `x, "y"${end}z`]],
        [3, ['2', '']],
      ])
    }
    assert.deepEqual(
      (await read('a,b\r\n1,2\n3,4')).map(([row]) => row),
      [1, 2, 3],
      'mixed, and without an end',
    )
  })

  test('rows are numbered as a spreadsheet does: empty lines count, lines inside of a cell do not', async () => {
    assert.deepEqual(await read('a\n"1\n1"\n\n\n2\n'), [
      [1, ['a']],
      [2, ['1\n1']],
      [5, ['2']],
    ])
  })

  test('a line that is no CSV costs itself, not the lines around it', async () => {
    const text = 'a,b\n1,1\n2,"x"y\n3,3\n4,5" pipe\n5,5\n6,"never closed\n7,7\n8,"closed"\n'
    const rows = await read(text)
    assert.deepEqual(
      rows.filter(([, cells]) => typeof cells !== 'string').map(([row]) => row),
      [1, 2, 4, 6, 8, 9],
    )
    assert.deepEqual(
      rows.filter(([, cells]) => typeof cells === 'string'),
      [
        [3, 'a quoted cell goes on after its closing quote'],
        [5, 'a quote stands inside of a cell that is not in quotes: put the cell in quotes, and write the quote twice'],
        [7, 'a quoted cell goes on after its closing quote'],
      ],
    )
  })

  test('a quote that is never closed does not swallow the rest of a long file', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `${index},some words to fill the line`)
    const rows = await read(['a,b', '1,"open', ...lines].join('\n'), 64 * 1024)
    assert.deepEqual(rows[1], [2, 'a quote is opened and never closed'])
    assert.equal(rows.length, 50_002)
    assert.deepEqual(rows.at(-1), [50_002, ['49999', 'some words to fill the line']])
  })

  test('wherever the bytes are cut, the rows are the same, and each can be read again from where it stands', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '"', ',', '\n', '\r\n', ' ', '😀'), maxLength: 8 })
    const table = fc.array(fc.tuple(cell, cell, fc.constant('x')), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (cells, chunkBytes) => {
        const text = stringify(cells, { quoted_match: /[\r\n]/ })
        const all = Buffer.from(text)
        let from = { offset: 0, row: 1 }
        const seen: (readonly string[])[] = []
        for await (const row of readRows(sourceOf(text, chunkBytes), from, ',')) {
          if ('broken' in row) assert.fail(row.broken)
          seen.push(row.cells)
          const [again] = readRowsOf(all.subarray(from.offset, row.end), from, ',')
          assert.deepEqual(again, row)
          from = { offset: row.end, row: row.row + 1 }
        }
        assert.deepEqual(seen, cells)
      }),
      { numRuns: 300 },
    )
  })
})
