import { notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { sendPage } from '../send.ts'
import type { ShopRoutes } from '../visit.ts'

/** Imprint, privacy, delivery and whatever else the settings hold. */
export function textRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/pages/:slug', 'shared', async (visit) => {
    const page = deps.settings.pages.find(({ slug }) => slug === visit.params.slug)
    if (!page) throw notFound('page at this address')
    const description = page.sections[0]?.paragraphs[0]?.slice(0, 160) ?? page.title
    return sendPage(deps, visit, 'text', { title: page.title, description, canonical: `/pages/${page.slug}` }, { page })
  })
}
