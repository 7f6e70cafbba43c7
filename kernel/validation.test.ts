import assert from 'node:assert/strict'
import { test } from 'node:test'
import T from 'typebox'
import { Address, Email, Nullable } from '#kernel/fields'
import { ProblemError } from '#kernel/problem'
import { compileCheck } from '#kernel/validation'

const check = compileCheck(
  T.Object({
    email: T.Optional(Email),
    address: T.Optional(Nullable(Address)),
    sort: T.Optional(T.Union([T.Literal('newest'), T.Literal('price'), T.Literal('title')])),
    note: T.Optional(Nullable(T.String({ maxLength: 3 }))),
    tags: T.Optional(T.Union([T.String(), T.Array(T.String(), { minItems: 1, maxItems: 2 })])),
    quantity: T.Optional(T.Integer({ minimum: 1, maximum: 10 })),
  }),
  { coerce: false },
)
const berlin = { name: 'Ada', line1: 'Invalidenstraße 1', city: 'Berlin', postalCode: '10115', country: 'DE' }

for (const [given, expected] of [
  [{ email: 'nobody' }, ['email must be an e-mail address, such as name@example.com']],
  [
    { address: { ...berlin, country: 'Germany' } },
    ['address/country must be a code of two capital letters, such as DE'],
  ],
  [{ address: { ...berlin, name: '' } }, ['address/name must not be empty']],
  [{ address: { ...berlin, name: ' ' } }, ['address/name must be more than spaces']],
  [
    { address: { ...berlin, city: undefined, zip: '1' } },
    ['address/zip is not a known field', 'address/city is required'],
  ],
  [{ address: 'Berlin' }, ['address must be an object or null']],
  [{ sort: 'cheap' }, ['sort must be newest, price or title']],
  [{ note: 'long' }, ['note must have at most 3 characters']],
  [{ note: 7 }, ['note must be a text or null']],
  [{ tags: [] }, ['tags must not be empty']],
  [{ tags: ['a', 'b', 'c'] }, ['tags must have at most 2 entries']],
  [{ tags: 1 }, ['tags must be a text or a list']],
  [{ quantity: 0 }, ['quantity must be 1 or more']],
  [{ quantity: 1e9 }, ['quantity must be 10 or less']],
  [{ quantity: '2' }, ['quantity must be a whole number']],
  [[], [' must be an object']],
] as const) {
  test(`a person can read what is wrong with ${JSON.stringify(given)}`, () => {
    try {
      check(JSON.parse(JSON.stringify(given)))
      assert.fail('it was taken')
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      const errors = error.problem.errors as { field: string; message: string }[]
      assert.deepEqual(errors.map(({ field, message }) => `${field} ${message}`).sort(), [...expected].sort())
    }
  })
}
