import type { Logger } from 'pino'
import { identity } from '#contracts/identity'
import { search } from '#contracts/search'
import type { Actor } from '#kernel/call'
import type { Contract } from '#kernel/contract'
import type { EdgeApp } from '#kernel/edge'
import { hostContract } from '#kernel/health'
import type { ClientOf } from '#kernel/host'
import type { AskNews } from '#kernel/news'
import { openApiDocument } from '#kernel/openapi'
import type { ShopFacts } from '#kernel/service'
import type { SharedAnswers } from '#kernel/shared-answers'
import { adminApp } from '../apps/admin/serve.ts'
import { apiReference } from '../apps/reference/reference.ts'
import { storefront } from '../apps/storefront/storefront.ts'
import type { ShopSettings } from '../services/settings.ts'
import { version } from './version.ts'

/** The web applications that the public door serves beside the API. */
export function edgeApps(options: {
  clientOf: ClientOf
  answers: SharedAnswers
  shop: ShopFacts
  settings: ShopSettings
  authenticate: (credential: string) => Promise<Actor>
  log: Logger
}): EdgeApp[] {
  const { clientOf, answers, shop, settings, authenticate, log } = options
  return [
    storefront({ client: clientOf, answers, shop, settings: settings.storefront, authenticate, log }),
    adminApp({ shop, log }),
    apiReference({ shop }),
  ]
}

/** What is shown to everybody and has changed, as search hears of it. */
export function newsBy(clientOf: ClientOf): AskNews {
  const client = clientOf(search)
  return async (place) => {
    const outcome = await client.news({ place })
    if (!outcome.ok) throw new Error('edge: search refused to tell news')
    const { productIds, complete, ...rest } = outcome.value
    return { ...rest, about: complete ? productIds : null }
  }
}

export const openApi = (contracts: readonly Contract[]): unknown =>
  openApiDocument([...contracts, hostContract], {
    title: 'Stoa',
    version,
    description:
      'The HTTP API of a Stoa shop. Money is in integer minor units; ids are TypeIDs; times are RFC 3339 in UTC; errors are RFC 9457 problems with a stable type; lists page by cursor.',
  })

/** Who a session credential belongs to, as identity says at this moment. */
export function authenticateBy(clientOf: ClientOf): (credential: string) => Promise<Actor> {
  const client = clientOf(identity)
  return async (credential) => {
    const outcome = await client.authenticate({ credential })
    return (outcome.ok ? outcome.value.actor : null) ?? { kind: 'anonymous' }
  }
}
