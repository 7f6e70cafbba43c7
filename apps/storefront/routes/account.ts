import { identity as contract } from '#contracts/identity'
import { orders as ordersContract } from '#contracts/orders'
import type { Deps } from '../deps.ts'
import { readAddress, readInput, regionProblem, typedAddress } from '../form.ts'
import { seeOther, sendPage } from '../send.ts'
import type { Problems, Typed } from '../views.ts'
import type { Page, ShopRoutes, Visit } from '../visit.ts'

const { operations } = contract

export function accountRoutes(routes: ShopRoutes, deps: Deps): void {
  const forCustomer =
    (page: Page): Page =>
    async (visit) => {
      if (visit.actor.kind === 'customer') return page(visit)
      if (visit.actor.kind === 'staff') {
        return sendPage(deps, visit, 'staff', { title: 'Signed in as staff', canonical: null }, {})
      }
      const next = visit.request.method === 'GET' ? visit.request.url : `${visit.frame.prefix}/account`
      return seeOther(visit, `/account/sign-in?${new URLSearchParams({ next })}`)
    }
  routes.get(
    '/account',
    'personal',
    forCustomer((visit) => overview(deps, visit, {}, {}, 200)),
  )
  routes.post(
    '/account/profile',
    forCustomer((visit) => rename(deps, visit)),
  )
  routes.get(
    '/account/addresses',
    'personal',
    forCustomer((visit) => showAddresses(deps, visit)),
  )
  routes.post(
    '/account/addresses',
    forCustomer((visit) => saveAddress(deps, visit, null)),
  )
  routes.post(
    '/account/addresses/:addressId',
    forCustomer((visit) => saveAddress(deps, visit, visit.params.addressId ?? '')),
  )
  routes.post(
    '/account/addresses/:addressId/remove',
    forCustomer((visit) => removeAddress(deps, visit)),
  )
}

async function overview(deps: Deps, visit: Visit, typed: Typed, problems: Problems, status: number) {
  const { cursor } = visit.query
  const read = readInput(ordersContract.operations.accountOrders, { ...(cursor ? { cursor } : {}), limit: 20 })
  const [profile, orders] = await Promise.all([
    deps.identity.profile({}),
    deps.orders.accountOrders(read.ok ? read.value : { limit: 20 }),
  ])
  if (!profile.ok || !orders.ok) return seeOther(visit, '/account/sign-in')
  return sendPage(
    deps,
    visit,
    'account',
    { title: 'Your account', canonical: null },
    {
      profile: profile.value,
      orders: orders.value.items,
      nextCursor: orders.value.nextCursor,
      notice: 'saved' in visit.query ? 'Saved.' : null,
      typed,
      problems,
    },
    { status },
  )
}

async function rename(deps: Deps, visit: Visit) {
  const read = readInput(operations.updateProfile, { name: visit.form.name ?? '' })
  if (!read.ok) return overview(deps, visit, visit.form, read.problems, 422)
  await deps.identity.updateProfile(read.value)
  return seeOther(visit, '/account?saved')
}

async function showAddresses(deps: Deps, visit: Visit) {
  const wanted = typeof visit.query.edit === 'string' ? visit.query.edit : null
  return drawAddresses(deps, visit, wanted, null, {}, 200)
}

async function drawAddresses(
  deps: Deps,
  visit: Visit,
  wanted: string | null,
  typed: Typed | null,
  problems: Problems,
  status: number,
) {
  const [book, destinations] = await Promise.all([
    deps.identity.addresses({}),
    deps.shipping.destinations({ market: visit.market.code }),
  ])
  const addresses = book.ok ? book.value.items : []
  const edited = addresses.find(({ id }) => id === wanted)
  return sendPage(
    deps,
    visit,
    'addresses',
    { title: 'Your addresses', canonical: null },
    {
      addresses,
      editing: edited ? edited.id : wanted === 'new' ? 'new' : null,
      countries: destinations.ok ? destinations.value.countries : visit.market.countries,
      typed: typed ?? typedAddress(edited ?? null, ''),
      problems,
    },
    { status },
  )
}

/** @param addressId the address to replace, or null for a new one */
async function saveAddress(deps: Deps, visit: Visit, addressId: string | null) {
  const address = readAddress(visit.form, '')
  const problem = regionProblem(address, '')
  const again = (problems: Problems) => drawAddresses(deps, visit, addressId ?? 'new', visit.form, problems, 422)
  if (addressId === null) {
    const read = readInput(operations.addAddress, address, problem)
    if (!read.ok) return again(read.problems)
    const outcome = await deps.identity.addAddress(read.value)
    return outcome.ok
      ? seeOther(visit, '/account/addresses')
      : again({ '': 'There is no room for more addresses. Remove one first.' })
  }
  const read = readInput(operations.updateAddress, { addressId, ...address }, problem)
  if (!read.ok) return again(read.problems)
  await deps.identity.updateAddress(read.value)
  return seeOther(visit, '/account/addresses')
}

async function removeAddress(deps: Deps, visit: Visit) {
  const read = readInput(operations.removeAddress, { addressId: visit.params.addressId })
  if (read.ok) await deps.identity.removeAddress(read.value)
  return seeOther(visit, '/account/addresses')
}
