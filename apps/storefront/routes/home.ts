import type { Deps } from '../deps.ts'
import { sendPage } from '../send.ts'
import { organization, website } from '../structured-data.ts'
import type { Listed } from '../views.ts'
import type { ShopRoutes, Visit } from '../visit.ts'

/** Two rows of four on a desktop, four of two on a phone. */
const newestShown = 8
/** As many bays as the colonnade has. */
const bays = 3

export function homeRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/', 'shared', (visit) => home(deps, visit))
}

async function home(deps: Deps, visit: Visit) {
  const { market, frame } = visit
  // The front door opens even when search is down.
  const found = await deps.search
    .products({ market: market.code, sort: 'newest', limit: newestShown + bays })
    .catch((error: unknown) => {
      deps.log.warn({ err: error }, 'home page without products')
      return null
    })
  const newest = found?.ok ? found.value.items : []
  const showcase = await chosen(deps, visit, newest)
  const rest = newest.filter(({ handle }) => !showcase.some((one) => one.handle === handle)).slice(0, newestShown)
  const { settings, shop } = deps
  return sendPage(
    deps,
    visit,
    'home',
    {
      title: shop.name,
      description: settings.description,
      canonical: '/',
      image: showcase[1]?.imageUrl ?? null,
      jsonLd: [organization(frame), website(frame)],
    },
    { showcase, newest: rest },
    { lasts: newest.length > 0 },
  )
}

/** What stands in the bays: what the settings name, and the newest goods with a picture where they name none. */
async function chosen(deps: Deps, { market }: Visit, newest: readonly Listed[]): Promise<readonly Listed[]> {
  const named = await Promise.all(
    (deps.settings.hero.products ?? []).map((handle) =>
      deps.catalog.product({ handle, market: market.code }).catch(() => null),
    ),
  )
  const listed = named.flatMap((outcome): Listed[] => {
    if (!outcome?.ok) return []
    const { id, handle, title, vendor, media, variants } = outcome.value
    const cheapest = variants.toSorted((a, b) => a.price.amount - b.price.amount)[0]
    if (!cheapest) return []
    return [
      {
        id,
        handle,
        title,
        vendor,
        imageUrl: media[0]?.url ?? null,
        imageAlt: media[0]?.alt ?? title,
        secondImageUrl: null,
        priceFrom: cheapest.price,
        priceVaries: variants.some(({ price }) => price.amount !== cheapest.price.amount),
        compareAtPrice: cheapest.compareAtPrice,
        available: variants.some(({ available }) => available),
        variantId: null,
        variantCount: variants.length,
      },
    ]
  })
  const fillers = newest.filter(({ handle, imageUrl }) => imageUrl && !listed.some((one) => one.handle === handle))
  return [...listed, ...fillers].slice(0, bays)
}
