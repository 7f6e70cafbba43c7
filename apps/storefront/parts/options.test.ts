import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Variant } from '../views.ts'
import { chooseVariant, optionChoices } from './options.ts'

const variant = (id: string, options: Record<string, string>, available = true): Variant => ({
  id,
  sku: id,
  barcode: null,
  options,
  price: { amount: 1_000, currency: 'EUR' },
  compareAtPrice: null,
  available,
  lowStock: null,
  backorder: false,
  mediaId: null,
})

const shirt = {
  options: [
    { name: 'Color', values: ['Ink', 'Chalk'] },
    { name: 'Size', values: ['S', 'M', 'L'] },
  ],
  variants: [
    variant('ink-s', { Color: 'Ink', Size: 'S' }),
    variant('ink-m', { Color: 'Ink', Size: 'M' }, false),
    variant('chalk-m', { Color: 'Chalk', Size: 'M' }),
    variant('chalk-l', { Color: 'Chalk', Size: 'L' }, false),
  ],
}

test('each value leads to the variant that differs in it alone, or says that there is none', () => {
  const [color, size] = optionChoices(shirt, shirt.variants[0] as Variant)
  assert.deepEqual(color?.choices, [
    { value: 'Ink', isChosen: true, variantId: 'ink-s', state: 'available' },
    // There is no small one in chalk: the medium one can be bought, the large one cannot.
    { value: 'Chalk', isChosen: false, variantId: 'chalk-m', state: 'none' },
  ])
  assert.deepEqual(size?.choices, [
    { value: 'S', isChosen: true, variantId: 'ink-s', state: 'available' },
    { value: 'M', isChosen: false, variantId: 'ink-m', state: 'sold-out' },
    { value: 'L', isChosen: false, variantId: 'chalk-l', state: 'none' },
  ])
})

test('a value that no variant has leads nowhere', () => {
  const options = [{ name: 'Color', values: ['Ink', 'Moss'] }]
  const [color] = optionChoices(
    { options, variants: [variant('ink', { Color: 'Ink' })] },
    variant('ink', { Color: 'Ink' }),
  )
  assert.deepEqual(color?.choices[1], { value: 'Moss', isChosen: false, variantId: null, state: 'none' })
})

test('a page begins with the variant asked for, else with one that can be bought', () => {
  assert.equal(chooseVariant(shirt.variants, 'chalk-l')?.id, 'chalk-l')
  assert.equal(chooseVariant(shirt.variants, 'unknown')?.id, 'ink-s')
  assert.equal(chooseVariant(shirt.variants.slice(1), null)?.id, 'chalk-m')
  assert.equal(chooseVariant(shirt.variants.slice(3), null)?.id, 'chalk-l')
})
