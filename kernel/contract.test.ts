import assert from 'node:assert/strict'
import { test } from 'node:test'
import T from 'typebox'
import { anyone, capability, command, contract, internal, query } from '#kernel/contract'
import { Address } from '#kernel/fields'
import { openApiDocument } from '#kernel/openapi'
import { personal, personalFields } from '#kernel/personal'

const base = { summary: 'x', input: T.Object({}), output: T.Object({}) }

test('an operation that does not say who may call it does not compile, and does not start either', () => {
  // @ts-expect-error access is missing
  assert.throws(() => contract('x', { y: query('GET /y', base) }))
  assert.throws(() => contract('x', { y: query('GET /y', { ...base, access: [] }) }), /x\.y declares nobody/)
})

test('an internal operation has no route, a public one has', () => {
  assert.throws(
    () => contract('x', { y: query('GET /y', { ...base, access: internal }) }),
    /internal and without a route/,
  )
  assert.throws(() => contract('x', { y: query(null, { ...base, access: anyone }) }), /internal and without a route/)
})

test('a path and a capability name fields of the input', () => {
  assert.throws(
    () => contract('x', { y: query('GET /y/{id}', { ...base, access: anyone }) }),
    /no input field "id" for its path/,
  )
  assert.throws(
    () => contract('x', { y: query('GET /y', { ...base, access: capability('id') }) }),
    /no input field "id" to hold/,
  )
})

test('the OpenAPI document follows from the contract', () => {
  const Thing = T.Object({ id: T.String() }, { title: 'Thing' })
  const document = openApiDocument(
    [
      contract('things', {
        make: command('POST /things/{shelf}', {
          summary: 'Make',
          access: anyone,
          status: 201,
          input: T.Object({ shelf: T.String(), name: T.String() }),
          output: Thing,
          refusals: { 'things/full': 409 },
        }),
        hidden: query(null, { ...base, access: internal }),
      }),
    ],
    { title: 't', version: '1', description: 'd' },
  ) as {
    paths: Record<string, Record<string, Record<string, unknown>>>
    components: { schemas: Record<string, unknown> }
  }
  const { paths } = document
  assert.deepEqual(Object.keys(paths), ['/api/things/{shelf}'])
  const post = paths['/api/things/{shelf}']?.post ?? {}
  assert.equal(post.operationId, 'things.make')
  assert.deepEqual(post.requestBody, {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string' } },
          additionalProperties: false,
        },
      },
    },
  })
  const responses = post.responses as Record<string, { description: string }>
  assert.match(responses[409]?.description ?? '', /\/problems\/things\/full/)
  assert.deepEqual(document.components.schemas, {
    Problem: document.components.schemas.Problem,
    Thing: { type: 'object', title: 'Thing', required: ['id'], properties: { id: { type: 'string' } } },
  })
})

test('two different schemas of one name are refused', () => {
  const of = (name: string, output: T.TObject) =>
    contract(name, { get: query(`GET /${name}`, { ...base, access: anyone, output }) })
  const contracts = [
    of('a', T.Object({ x: T.String() }, { title: 'Same' })),
    of('b', T.Object({ y: T.String() }, { title: 'Same' })),
  ]
  assert.throws(
    () => openApiDocument(contracts, { title: 't', version: '1', description: 'd' }),
    /two different schemas are called Same/,
  )
})

test('personal fields are found wherever they are nested', () => {
  const tag = { kind: 'email', purpose: 'p', basis: 'contract', retention: 'r' } as const
  const found = personalFields(T.Object({ a: T.Array(T.Object({ mail: personal(tag, T.String()) })), b: Address }))
  assert.deepEqual([...found].sort(), ['city', 'company', 'line1', 'line2', 'mail', 'name', 'phone', 'postalCode'])
})
