import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editsBetween, nearest } from './correct.ts'
import { facetKey, fold, textOf, titleKey, vocabularyOf, wordsOf } from './fold.ts'

test('texts are compared without case, accents and spacing', () => {
  assert.equal(fold('  Crème\tBRÛLÉE\n '), 'creme brulee')
  assert.equal(fold('Straße in Łódź, Ærø & Þórshöfn'), 'strasse in lodz, aero & thorshofn')
  assert.equal(fold('ﬁnest № ①'), 'finest no 1')
  assert.equal(fold(' Oak   TABLE '), 'oak table')
  assert.equal(fold('a\0b'), 'a b')
  assert.deepEqual(wordsOf("Rock'n'Roll T-Shirt (100% cotton)"), ['rock', 'n', 'roll', 't', 'shirt', '100', 'cotton'])
})

test('keys of facets can stand in an address', () => {
  assert.equal(facetKey('Shoe Size (EU)'), 'shoe-size-eu')
  assert.equal(facetKey('Größe'), 'grosse')
  assert.equal(facetKey('!?'), '')
  assert.equal(facetKey('x'.repeat(100)).length, 60)
  assert.match(facetKey('素材 & 色'), /^[\p{L}0-9 _-]{1,60}$/u)
})

test('a title’s key fits a cursor, and is cut between characters', () => {
  assert.equal(titleKey('The “Best” Mug'), 'the best mug')
  const long = titleKey(`a${'素'.repeat(200)}`)
  assert.equal(Buffer.byteLength(long), 160)
  assert.match(long, /^a素+$/)
  assert.equal(Buffer.byteLength(titleKey('素'.repeat(200))), 159)
})

test('markup is no text, and hostile markup takes no time', () => {
  assert.equal(fold(textOf('<p class="a">Oak&nbsp;&amp; <b>steel</b>&#33;</p>')), 'oak & steel !')
  const start = performance.now()
  textOf('<'.repeat(200_000))
  fold('&'.repeat(200_000))
  assert.ok(performance.now() - start < 1_000)
})

test('only words that can be meant are in the vocabulary', () => {
  assert.deepEqual(vocabularyOf(['The Oak Table 2000', 'oak, of 4x4']), ['the', 'oak', 'table', '4x4'])
})

test('edits are letters inserted, deleted, replaced or swapped', () => {
  assert.equal(editsBetween('chair', 'chair'), 0)
  assert.equal(editsBetween('chiar', 'chair'), 1)
  assert.equal(editsBetween('', 'mug'), 3)
  assert.equal(editsBetween('kitten', 'sitting'), 3)
  assert.equal(editsBetween('glas', 'glass'), 1)
})

test('the nearest word is near, or there is none', () => {
  assert.equal(nearest('mgu', ['rug', 'mug', 'mugs']), 'mug')
  assert.equal(nearest('teepott', ['teapot', 'teapots']), 'teapot')
  assert.equal(nearest('lamp', ['lump', 'damp']), 'lump', 'of equals the one that looks most like it')
  assert.equal(nearest('xylophone', ['telephone']), null)
  assert.equal(nearest('cat', ['cot', 'coat']), 'cot')
  assert.equal(nearest('mug', []), null)
})
