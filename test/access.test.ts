import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Contract, Operation } from '#kernel/contract'
import { pathFields } from '#kernel/contract'
import { hostContract } from '#kernel/health'
import { newCapability } from '#kernel/id'
import { registry } from '../services/registry.ts'
import { eventually } from './goods.ts'
import { startShop, type TestShop } from './shop.ts'

// Every operation that has a route is tried by everybody who might try it. The expectations follow from what the contracts
// declare, so an operation that is added tomorrow is tried tomorrow.

type Who = 'anonymous' | 'customer' | 'staff without the permission' | 'staff with the permission'

const contracts: Contract[] = [...registry.map(({ contract }) => contract), hostContract]

const routed = contracts.flatMap((contract) =>
  Object.entries(contract.operations)
    .filter(([, operation]) => operation.route !== null)
    .map(([name, operation]) => ({ name: `${contract.name}.${name}`, operation })),
)

const roleWithout: Record<string, string> = {
  'catalog:read': 'nobody',
  'catalog:write': 'fulfillment',
  'inventory:read': 'nobody',
  'inventory:write': 'merchandiser',
  'orders:read': 'merchandiser',
  'orders:fulfill': 'support',
  'orders:cancel': 'fulfillment',
  'payments:capture': 'support',
  'payments:refund': 'fulfillment',
  'payments:reconcile': 'merchandiser',
  'gift-cards:read': 'fulfillment',
  'gift-cards:write': 'support',
  'pricing:read': 'fulfillment',
  'pricing:write': 'support',
  'staff:read': 'support',
  'staff:write': 'manager',
  'mail:read': 'fulfillment',
  'health:read': 'nobody',
  'events:read': 'support',
  'events:replay': 'merchandiser',
}

describe('who may call what', () => {
  let shop: TestShop
  const tokens = new Map<string, string>()

  before(async () => {
    shop = await startShop('one')
    const customer = { email: 'customer@example.com', password: 'a customer of this shop' }
    await shop.api('POST', '/api/auth/sign-up/email', { ...customer, name: 'Customer' })
    tokens.set('customer', (await shop.api('POST', '/api/auth/sign-in/email', customer)).body.token)
    for (const role of ['manager', 'merchandiser', 'fulfillment', 'support']) {
      const account = { email: `${role}@shop.example`, password: `a long one for ${role}` }
      const made = await shop.api(
        'POST',
        '/api/admin/staff',
        { ...account, name: role, roles: [role] },
        { token: shop.staffToken },
      )
      assert.equal(made.status, 201, JSON.stringify(made.body))
      tokens.set(role, (await shop.api('POST', '/api/auth/sign-in/email', account)).body.token)
    }
  })
  after(() => shop?.stop())

  /** Calls an operation with a path that fits, and nothing else that does: who may not is refused before that is looked at. */
  async function call(operation: Operation, token: string | undefined): Promise<number> {
    const { route } = operation
    assert.ok(route)
    let path = `/api${route.path}`
    for (const field of pathFields(route)) path = path.replace(`{${field}}`, sampleOf(operation, field))
    // A capability beside the path is sent along, made up: without one, who comes with nothing else is told to sign in.
    const asked = operation.access.find((one) => one.kind === 'capability' && !pathFields(route).includes(one.field))
    if (asked?.kind === 'capability') path += `?${asked.field}=${'A'.repeat(22)}`
    const hasBody = route.method !== 'GET' && route.method !== 'DELETE'
    const answer = await shop.api(route.method, path, hasBody ? {} : undefined, token ? { token } : {})
    assert.notEqual(answer.status, 500, `${route.method} ${path}: ${JSON.stringify(answer.body)}`)
    return answer.status
  }

  for (const { name, operation } of routed) {
    const { access } = operation
    const allows = (who: Who): boolean =>
      access.some(
        (one) =>
          one.kind === 'anyone' ||
          one.kind === 'capability' ||
          (one.kind === 'customer' && who === 'customer') ||
          (one.kind === 'staff' && who === 'staff with the permission'),
      )

    test(`${name}: ${access.map((one) => (one.kind === 'staff' ? one.permission : one.kind)).join(' or ')}`, async () => {
      const staffPermission = access.find((one) => one.kind === 'staff')
      const without = staffPermission?.kind === 'staff' ? roleWithout[staffPermission.permission] : undefined
      if (staffPermission) assert.ok(without, `a role without ${JSON.stringify(staffPermission)} is named here`)
      const callers: [Who, string | undefined][] = [
        ['anonymous', undefined],
        ['customer', tokens.get('customer')],
        ...(without && without !== 'nobody'
          ? [['staff without the permission', tokens.get(without)] as [Who, string | undefined]]
          : []),
        // Signing out would end the session that the next operations are tried with.
        ...(name === 'identity.signOut'
          ? []
          : [['staff with the permission', shop.staffToken] as [Who, string | undefined]]),
      ]
      if (name === 'identity.signOut') callers.splice(1)
      for (const [who, token] of callers) {
        const status = await call(operation, token)
        if (allows(who)) assert.ok(status !== 401 || name === 'identity.signIn', `${who}: ${status}`)
        if (allows(who)) assert.notEqual(status, 403, who)
        else assert.equal(status, who === 'anonymous' ? 401 : 403, who)
        // A capability that nobody gave out opens nothing.
        if (access.every((one) => one.kind === 'capability'))
          assert.ok(status >= 400, `${who} got ${status} with a made-up capability`)
      }
    })
  }

  test('who may not set stock may not set it by a file either', async () => {
    const token = tokens.get('merchandiser') ?? ''
    const { body } = await shop.api('POST', '/api/admin/imports', { fileName: 'goods.csv' }, { token })
    const path = `/api/admin/imports/${body.id}`
    const file = 'Handle,Title,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\nby-file,Mug,shopify,9,5\n'
    const headers = { 'content-type': 'text/csv' }
    assert.equal((await shop.api('PUT', `${path}/parts/0`, file, { token, headers })).status, 200)
    const refused = await shop.api('POST', `${path}/start`, undefined, { token })
    assert.partialDeepStrictEqual(refused, {
      status: 403,
      body: {
        type: '/problems/catalog/column-not-allowed',
        column: 'Variant Inventory Qty',
        permission: 'inventory:write',
      },
    })
    assert.equal((await shop.api('GET', path, undefined, { token })).body.state, 'uploading')

    assert.equal((await shop.api('POST', `${path}/start`, undefined, { token: shop.staffToken })).status, 202)
    await eventually(['done', 1], async () => {
      const { body: report } = await shop.api('GET', path, undefined, { token })
      return [report.state, report.productsCreated]
    })
  })

  test('a token that nobody was given is refused everywhere, not treated as nobody', async () => {
    for (const { operation } of routed) {
      if (operation.raw) continue
      assert.equal(await call(operation, 'forged-token-of-a-stranger'), 401)
    }
  })
})

/** A value that passes for the field: of the right form, but naming nothing. */
function sampleOf(operation: Operation, field: string): string {
  const { pattern, type } = operation.input.properties[field] as { pattern?: string; type?: string }
  const prefix = pattern?.match(/^\^([a-z]+)_/)?.[1]
  if (prefix) return newCapability(prefix)
  return type === 'integer' ? '0' : 'sandbox'
}
