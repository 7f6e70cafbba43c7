import { catalog } from '#contracts/catalog'
import { gone, notFound } from '#kernel/problem'
import type { Deps } from '../deps.ts'
import { readInput } from '../form.ts'
import { chooseVariant } from '../parts/options.ts'
import { movedTo, sendPage } from '../send.ts'
import { breadcrumbs, productData, summaryOf } from '../structured-data.ts'
import type { Crumb, Listed, Problems, Product } from '../views.ts'
import type { ShopRoutes, Visit } from '../visit.ts'

const relatedShown = 4

export function productRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/products/:handle', 'shared', async (visit) => {
    const wanted = typeof visit.query.variant === 'string' ? visit.query.variant : null
    return productPage(deps, visit, visit.params.handle ?? '', { wanted, quantity: '1', problems: {}, status: 200 })
  })
}

/** Draws a product's page; also after a form on it that could not be followed, with what was typed and why. */
export async function productPage(
  deps: Deps,
  visit: Visit,
  handle: string,
  form: { wanted: string | null; quantity: string; problems: Problems; status: number },
) {
  const input = readInput(catalog.operations.product, { handle, market: visit.market.code })
  const outcome = input.ok ? await deps.catalog.product(input.value) : null
  if (!outcome?.ok) throw outcome?.refusal.type === 'catalog/retired-product' ? gone(outcome.refusal.detail) : notHere()
  const product = outcome.value
  // Its address has changed: links and search engines are told the new one.
  if (product.handle !== handle) return movedTo(visit, `/products/${encodeURIComponent(product.handle)}`)
  const variant = chooseVariant(product.variants, form.wanted)
  if (!variant) throw notHere()

  const path = `/products/${encodeURIComponent(product.handle)}`
  const crumbs: Crumb[] = [{ title: 'Home', href: '/' }]
  const [category] = product.categories
  if (category) crumbs.push({ title: category.title, href: `/categories/${encodeURIComponent(category.handle)}` })
  crumbs.push({ title: product.title, href: null })
  const others = await related(deps, visit, product)
  return sendPage(
    deps,
    visit,
    'product',
    {
      title: product.seo.title ?? product.title,
      description: product.seo.description ?? summaryOf(product.descriptionHtml),
      canonical: path,
      image: product.media.find(({ url }) => url?.startsWith('/'))?.url ?? null,
      jsonLd: [productData(visit.frame, product, path), breadcrumbs(visit.frame, crumbs)],
    },
    {
      product,
      variant,
      crumbs,
      related: others ?? [],
      quantity: form.quantity,
      problems: form.problems,
    },
    // No event tells how many of few are left.
    { status: form.status, lasts: others !== null && product.variants.every(({ lowStock }) => lowStock === null) },
  )
}

const notHere = () => notFound('product at this address')

/** Others of the same category; null when nobody says. A page sells without them, so nothing waits or fails for their sake. */
async function related(deps: Deps, { market }: Visit, product: Product): Promise<readonly Listed[] | null> {
  const [category] = product.categories
  if (!category) return []
  const outcome = await deps.search
    .products(
      { market: market.code, category: category.handle, inStock: true, limit: relatedShown + 1 },
      { timeoutMs: 1_000 },
    )
    .catch((error: unknown) => {
      deps.log.warn({ err: error }, 'product page without related products')
      return null
    })
  return outcome?.ok ? outcome.value.items.filter(({ id }) => id !== product.id).slice(0, relatedShown) : null
}
