import type { Client } from '../client.ts'
import { buyer, expectThat, nth, pageSize, type Visits, type Ware } from '../visits.ts'

// The shop API as Vendure's own storefronts use it: GraphQL, of which each asks for what it shows; a session by bearer token.

type Asked = { readonly query: string; readonly variables?: object }
type Answer<Data> = { readonly data?: Data; readonly errors?: readonly { readonly message: string }[] }

/** The token that a session's first answer brings. */
const tokenHeader = 'vendure-auth-token'

async function ask<Data>(client: Client, asked: Asked, token = ''): Promise<{ data: Data; token: string }> {
  const { body, headers } = await client.send<Answer<Data>>(
    'POST',
    '/shop-api',
    asked,
    token ? { authorization: `Bearer ${token}` } : {},
  )
  if (!body.data || body.errors) throw new Error(body.errors?.[0]?.message ?? 'no data')
  return { data: body.data, token: headers[tokenHeader] ?? token }
}

const facets = 'facetValues { count facetValue { id name facet { id name } } }'
const price = '{ __typename ... on PriceRange { min max } ... on SinglePrice { value } }'
const listing = `query ($input: SearchInput!) { search(input: $input) {
  totalItems items { productId productName slug description currencyCode inStock priceWithTax ${price} productAsset { id preview } }
  ${facets} } }`

const detail = `query ($slug: String!) { product(slug: $slug) {
  id name slug description featuredAsset { id preview } assets { id preview }
  optionGroups { id name options { id name } } facetValues { id name facet { name } } collections { id name slug }
  variants { id name sku priceWithTax currencyCode stockLevel options { id name } } } }`

type Search = { search: { items: readonly unknown[]; facetValues: readonly unknown[] } }

async function list(client: Client, input: object, isFound = (items: readonly unknown[]) => items.length > 0) {
  const variables = { input: { groupByProduct: true, take: pageSize, ...input } }
  const { search } = (await ask<Search>(client, { query: listing, variables })).data
  expectThat(isFound(search.items) && search.facetValues.length > 0, 'a listing without products or facets')
}

const failed = '... on ErrorResult { errorCode message }'
const orderFields = '... on Order { id code state totalWithTax }'
const steps = {
  line: `addItemToOrder(productVariantId: $variant, quantity: 1) { __typename ${orderFields} ${failed} }`,
  customer: `setCustomerForOrder(input: $customer) { __typename ${orderFields} ${failed} }`,
  address: `setOrderShippingAddress(input: $address) { __typename ${orderFields} ${failed} }`,
  way: `setOrderShippingMethod(shippingMethodId: [$way]) { __typename ${orderFields} ${failed} }`,
  arranging: `transitionOrderToState(state: "ArrangingPayment") { __typename ${orderFields} ... on OrderStateTransitionError { errorCode message transitionError } }`,
  payment: `addPaymentToOrder(input: { method: "standard-payment", metadata: {} }) { __typename ${orderFields} ${failed} }`,
} as const
type Step = keyof typeof steps

const declared: Readonly<Partial<Record<Step, string>>> = {
  line: '$variant: ID!',
  customer: '$customer: CreateCustomerInput!',
  address: '$address: CreateAddressInput!',
  way: '$way: ID!',
}

function mutation(...names: Step[]): string {
  const variables = names.flatMap((name) => declared[name] ?? [])
  const head = variables.length > 0 ? `mutation (${variables.join(', ')})` : 'mutation'
  return `${head} { ${names.map((name) => `${name}: ${steps[name]}`).join(' ')} }`
}
const documents = {
  line: mutation('line'),
  customerAndAddress: mutation('customer', 'address'),
  way: mutation('way'),
  paid: mutation('arranging', 'payment'),
  rest: mutation('customer', 'address', 'way', 'arranging', 'payment'),
}
const ways = 'query { eligibleShippingMethods { id name priceWithTax } }'
const payments = 'query { eligiblePaymentMethods { id code isEligible } }'
const confirmed = `query ($code: String!) { orderByCode(code: $code) { id code state totalWithTax
  lines { id quantity linePriceWithTax productVariant { id name sku } } shippingLines { priceWithTax shippingMethod { name } }
  shippingAddress { fullName streetLine1 city postalCode country } payments { method amount state } } }`

const variables = {
  customer: { firstName: buyer.firstName, lastName: buyer.lastName, emailAddress: buyer.email },
  address: {
    fullName: `${buyer.firstName} ${buyer.lastName}`,
    streetLine1: buyer.street,
    city: buyer.city,
    postalCode: buyer.postalCode,
    countryCode: buyer.country,
  },
}

type Result = { __typename: string; code: string; message?: string; transitionError?: string }
type Results = Partial<Record<Step, Result>>
type Session = { readonly results: Results; readonly token: string }

async function change(client: Client, query: string, values: object, token?: string): Promise<Session> {
  const { data, token: next } = await ask<Results>(client, { query, variables: values }, token)
  for (const result of Object.values(data))
    expectThat(result.__typename === 'Order', result.transitionError ?? result.message ?? result.__typename)
  return { results: data, token: next }
}

type Confirmed = { orderByCode: { state: string; totalWithTax: number } | null }

async function confirm(client: Client, { results, token }: Session, { total }: Ware): Promise<void> {
  const asked = { query: confirmed, variables: { code: results.payment?.code } }
  const { orderByCode } = (await ask<Confirmed>(client, asked, token)).data
  expectThat(orderByCode?.state === 'PaymentAuthorized', `an order that is ${orderByCode?.state}`)
  expectThat(orderByCode?.totalWithTax === total, `an order of ${orderByCode?.totalWithTax} instead of ${total}`)
}

/** An anonymous session begins with its first answer; all else can be in one document, which is done from the top down. */
async function buyInThree(client: Client, ware: Ware, way: string): Promise<void> {
  const { token } = await change(client, documents.line, { variant: ware.variantId })
  await confirm(client, await change(client, documents.rest, { ...variables, way }, token), ware)
}

async function buyBySteps(client: Client, ware: Ware): Promise<void> {
  const { token } = await change(client, documents.line, { variant: ware.variantId })
  await change(client, documents.customerAndAddress, variables, token)
  const methods = await ask<{ eligibleShippingMethods: { id: string }[] }>(client, { query: ways }, token)
  await change(client, documents.way, { way: methods.data.eligibleShippingMethods[0]?.id }, token)
  await ask(client, { query: payments }, token)
  await confirm(client, await change(client, documents.paid, {}, token), ware)
}

export const visits: Visits = {
  async detail(client, { handles }, n) {
    const slug = nth(handles, n)
    type Detail = { product: { slug: string; variants: readonly unknown[] } | null }
    const { product } = (await ask<Detail>(client, { query: detail, variables: { slug } })).data
    expectThat(product?.slug === slug && product.variants.length > 0, 'another product')
  },
  listing: (client) => list(client, {}, (items) => items.length === pageSize),
  category: (client, { categories }, n) => list(client, { collectionSlug: nth(categories, n) }),
  search: (client, { words }, n) => list(client, { term: nth(words, n) }),
  'by-steps': (client, { variants }, n) => buyBySteps(client, nth(variants, n)),
  fewest: (client, { variants, settings }, n) => buyInThree(client, nth(variants, n), settings.way ?? ''),
  rush: (client, { rush, settings }) => buyInThree(client, rush, settings.way ?? ''),
}
