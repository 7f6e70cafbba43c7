import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type InfoRecord, type Options, parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { type RegularRecord, readRegular } from './regular-records.ts'

const recordBytesAtMost = 1_000
const regular = (text: string, isAll = true) =>
  readRegular(Buffer.from(text), { delimiter: ',', isAll, recordBytesAtMost })

/** What the parser makes of a text, up to where it finds a fault. */
function parsed(text: string): { records: RegularRecord[]; isFaulty: boolean } {
  const records: RegularRecord[] = []
  const options = {
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { bytes: end, empty_lines: emptyLines }: InfoRecord) => {
      records.push({ cells, end, emptyLines })
      return null
    },
  } satisfies Options
  try {
    parse(text, options)
    return { records, isFaulty: false }
  } catch {
    return { records, isFaulty: true }
  }
}

test('what is regular is read as the parser reads it, and what is not is left to it from the same place on', () => {
  const piece = fc.constantFrom(
    ...['a', 'é', ' ', ',', '"', '""', '"x,y"', '"a""b"', ',"q"', '"two\nlines"', '\n', '\r\n', '\r', '\n\n'],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('')
      const { records, isIrregular } = regular(text)
      const wanted = parsed(text)
      assert.equal(isIrregular, wanted.isFaulty)
      assert.deepEqual(records, wanted.records.slice(0, records.length))
      if (!isIrregular) assert.equal(records.length, wanted.records.length)
    }),
    { numRuns: 20_000 },
  )
})

test('a record that may go on is not read yet, and one that is too long never', () => {
  const ends = (text: string) => regular(text, false).records.map(({ end }) => end)
  assert.deepEqual(ends('a,b\nc'), [4])
  assert.deepEqual(ends('a,b\r'), [], 'a line feed may follow')
  assert.deepEqual(ends('a,b\r\n"c'), [5])
  assert.deepEqual(ends('a,"b"'), [])
  assert.deepEqual(
    [regular(`${'x'.repeat(1_001)}\n`).isIrregular, regular(`"${'x'.repeat(1_001)}`, false).isIrregular],
    [true, true],
  )
  assert.equal(regular(`${'x'.repeat(1_000)}\n`).isIrregular, false)
})
