import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { giftCardCodes, last4Of, readCode } from './gift-card-code.ts'

const codes = giftCardCodes('a secret of this shop')

test('a code is five groups of four without look-alikes, and its seed makes it again with this shop’s secret alone', () => {
  const issued = Array.from({ length: 500 }, () => codes.issue())
  for (const { code, seed } of issued) {
    assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/)
    assert.equal(codes.ofSeed(seed), code)
    assert.notEqual(giftCardCodes('another secret').ofSeed(seed), code)
    assert.equal(last4Of(code), code.slice(-4))
  }
  assert.equal(new Set(issued.map(({ code }) => code)).size, issued.length)
  // Every character comes about as often as any other: 312 times each of 10,000, give or take.
  const counts = Map.groupBy(
    [...issued.map(({ code }) => code).join('')].filter((one) => one !== '-'),
    (one) => one,
  )
  assert.equal(counts.size, 32)
  for (const [symbol, found] of counts)
    assert.ok(found.length > 200 && found.length < 440, `${symbol}: ${found.length}`)
})

test('a code is found however it is typed: case, spaces, dashes, and what looks alike', () => {
  const looks: Record<string, string[]> = { '0': ['0', 'O', 'o'], '1': ['1', 'I', 'l', 'L', 'i'], V: ['V', 'u', 'v'] }
  const between = fc.constantFrom('', ' ', '-', '–', '\t', '  ')
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), fc.infiniteStream(between), (choices, gaps) => {
      const { code } = codes.issue()
      const typed = [...code.replaceAll('-', '')].map((symbol) => {
        const ways = looks[symbol] ?? [symbol, symbol.toLowerCase()]
        return `${gaps.next().value}${ways[(choices.next().value ?? 0) % ways.length]}`
      })
      assert.equal(codes.hash(typed.join('')), codes.hash(code))
    }),
  )
})

test('what can be no code has no digest, and another shop has another one', () => {
  const { code } = codes.issue()
  for (const typed of [
    '',
    code.slice(1),
    `${code}0`,
    `${code.slice(0, -1)}!`,
    `${code.slice(0, -1)}_`,
    'gift_01m82mdqszeshtmk3q',
  ])
    assert.equal(readCode(typed), null, typed)
  assert.notEqual(giftCardCodes('another secret').hash(code), codes.hash(code))
  assert.ok(!codes.hash(code)?.includes(code.replaceAll('-', '')))
})
