import type T from 'typebox'
import type { Access, Contract, Operation } from './contract.ts'
import { pathFields } from './contract.ts'
import { Problem } from './problem.ts'
import { splitSchema } from './validation.ts'

type Json = { [key: string]: unknown }

/** What every operation may answer besides its own refusals. */
const general: Readonly<Record<string, string>> = {
  400: 'The request is malformed.',
  413: 'The body is too large.',
  415: 'The body is not application/json.',
  422: 'A field is missing, wrong or not known; `errors` names each.',
  429: 'Too many attempts; see Retry-After.',
  500: 'Something went wrong on our side.',
  503: 'A part of the shop does not answer; see Retry-After.',
}

/**
 * The OpenAPI 3.1 document of every operation that has a route. Schemas with a title become components, so that
 * generated clients have a type for each.
 */
export function openApiDocument(
  contracts: readonly Contract[],
  info: { title: string; version: string; description: string },
): Json {
  const components = new Map<string, Json>()
  const lift = createLifter(components)
  const paths: Record<string, Json> = {}
  for (const contract of contracts) {
    for (const [name, operation] of Object.entries(contract.operations)) {
      if (!operation.route) continue
      const path = `/api${operation.route.path}`
      const methods = paths[path] ?? {}
      paths[path] = methods
      methods[operation.route.method.toLowerCase()] = describe(contract, name, operation, lift)
    }
  }
  lift(Problem)
  return {
    openapi: '3.1.0',
    info: { ...info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    tags: contracts.map(({ name }) => ({ name })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => a.localeCompare(b, 'en'))),
    components: {
      schemas: Object.fromEntries([...components].sort(([a], [b]) => a.localeCompare(b, 'en'))),
      securitySchemes: {
        session: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token that sign-in answers with; browsers send it as a cookie.',
        },
      },
    },
  }
}

function describe(contract: Contract, name: string, operation: Operation, lift: (schema: unknown) => unknown): Json {
  const route = operation.route
  if (!route) return {}
  const { named, rest } = splitSchema(operation.input, pathFields(route))
  const inQuery = route.method === 'GET' || route.method === 'DELETE'
  const parameters = [
    ...Object.entries(named.properties).map(([field, schema]) => ({
      name: field,
      in: 'path',
      required: true,
      schema: lift(schema),
    })),
    ...(inQuery
      ? Object.entries(rest.properties).map(([field, schema]) =>
          queryParameter(field, schema, rest.required ?? [], lift),
        )
      : []),
    ...(operation.kind === 'command' && route.method === 'POST' ? [idempotencyHeader(operation)] : []),
  ]
  const hasBody = !inQuery && (operation.raw !== null || Object.keys(rest.properties).length > 0)
  return {
    operationId: `${contract.name}.${name}`,
    tags: [contract.name],
    summary: operation.summary,
    description: `Who may call it: ${operation.access.map(accessText).join(', or ')}.`,
    ...(needsSession(operation.access) ? { security: [{ session: [] }] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody ? { requestBody: requestBody(operation, rest, lift) } : {}),
    responses: responses(operation, lift),
  }
}

function queryParameter(
  field: string,
  schema: T.TSchema,
  required: readonly string[],
  lift: (schema: unknown) => unknown,
): Json {
  const isObject = (schema as { type?: string }).type === 'object'
  return {
    name: field,
    in: 'query',
    required: required.includes(field),
    ...(isObject ? { style: 'deepObject', explode: true } : {}),
    schema: lift(schema),
  }
}

const idempotencyHeader = (operation: Operation): Json => ({
  name: 'Idempotency-Key',
  in: 'header',
  required: operation.idempotency === 'required' || operation.idempotency === 'use-case',
  description: 'A new random value for each thing to be done; the same key gives the same answer for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
})

function requestBody(operation: Operation, rest: T.TObject, lift: (schema: unknown) => unknown): Json {
  if (operation.raw) {
    return {
      required: true,
      content: Object.fromEntries(operation.raw.contentTypes.map((type) => [type, { schema: rawSchema(type) }])),
    }
  }
  return {
    required: (rest.required ?? []).length > 0,
    content: { 'application/json': { schema: lift({ ...rest, additionalProperties: false }) } },
  }
}

const rawSchema = (type: string): Json =>
  type.startsWith('image/') ? { type: 'string', format: 'binary' } : { type: 'string' }

function responses(operation: Operation, lift: (schema: unknown) => unknown): Json {
  const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  const byStatus = new Map<string, string[]>()
  for (const [type, declared] of Object.entries(operation.refusals)) {
    const status = String(typeof declared === 'number' ? declared : declared[0])
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`/problems/${type}\``])
  }
  const statuses = new Set([
    ...byStatus.keys(),
    ...Object.keys(general),
    ...(needsSession(operation.access) ? ['401', '403'] : []),
  ])
  const described: Json = {
    [operation.status]: { description: 'Done.', content: { 'application/json': { schema: lift(operation.output) } } },
  }
  for (const status of [...statuses].sort()) {
    const own = byStatus.get(status)
    const text = [
      own?.join(', '),
      general[status],
      status === '401' ? 'Nobody is signed in.' : null,
      status === '403' ? 'Not permitted.' : null,
    ]
    described[status] = { description: text.filter(Boolean).join(' — '), content: problem }
  }
  return described
}

const needsSession = (access: readonly Access[]): boolean =>
  access.every((one) => one.kind === 'customer' || one.kind === 'staff')

function accessText(access: Access): string {
  switch (access.kind) {
    case 'anyone':
      return 'anyone'
    case 'capability':
      return `whoever knows \`${access.field}\``
    case 'customer':
      return 'a signed-in customer'
    case 'staff':
      return `staff with the permission \`${access.permission}\``
    case 'internal':
      return 'services'
  }
}

/** Copies a schema as plain JSON, moving every titled object into the components and leaving a reference. */
function createLifter(components: Map<string, Json>): (schema: unknown) => unknown {
  const lift = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(lift)
    if (typeof schema !== 'object' || schema === null) return schema
    const copy: Json = {}
    for (const [key, value] of Object.entries(schema)) copy[key === 'personal' ? 'x-personal' : key] = lift(value)
    const title = (schema as { title?: unknown; type?: unknown }).title
    if (typeof title !== 'string' || (schema as { type?: unknown }).type !== 'object') return copy
    const known = components.get(title)
    if (known && JSON.stringify(known) !== JSON.stringify(copy))
      throw new Error(`openapi: two different schemas are called ${title}`)
    components.set(title, copy)
    return { $ref: `#/components/schemas/${title}` }
  }
  return lift
}
