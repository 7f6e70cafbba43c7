import { ProductGrid } from '../parts/card.tsx'
import { Crumbs } from '../parts/crumbs.tsx'
import { Chips, Filters } from '../parts/filters.tsx'
import { listingAddress } from '../parts/listing-address.ts'
import { categoryPath, useShop } from '../parts/shop.tsx'
import type { Views } from '../views.ts'

export function ListingPage(view: Views['listing']) {
  const { title, description, crumbs, query, listing, action, isFirstPage } = view
  const { href } = useShop()
  return (
    <div class="wide listing">
      <Crumbs crumbs={crumbs} />
      <header class="listing-head">
        <h1>{title}</h1>
        {description && <p class="lead">{description}</p>}
      </header>
      <div class="listing-columns">
        <Filters {...view} />
        <section id="results" class="results" aria-label="Products" data-count={listing.items.length}>
          {listing.correctedQuery && (
            <p class="notice">
              Nothing is spelled like “{query.q}”. Here is what we have for <strong>{listing.correctedQuery}</strong>.
            </p>
          )}
          <Chips {...view} />
          {!isFirstPage && (
            <p>
              <a class="more" href={href(listingAddress(action, query))}>
                Back to the beginning
              </a>
            </p>
          )}
          {listing.items.length === 0 ? (
            <NothingFound {...view} />
          ) : (
            <ProductGrid id="grid" products={listing.items} eager={isFirstPage ? 4 : 0} />
          )}
          <p id="more" class="show-more">
            {listing.nextCursor && (
              <a
                class="button button-quiet"
                href={href(listingAddress(action, query, listing.nextCursor))}
                data-append="#grid"
                data-swap="#more"
                rel="next"
              >
                Show more
              </a>
            )}
          </p>
        </section>
      </div>
    </div>
  )
}

function NothingFound({ query, action }: Views['listing']) {
  const { categories, href } = useShop()
  const isFiltered = Object.keys(query.filter).length > 0 || query.min || query.max || query.inStock
  return (
    <div class="empty">
      <h2>{query.q ? `We have nothing for “${query.q}”` : 'Nothing here matches'}</h2>
      {isFiltered ? (
        <p>
          Fewer filters may help.{' '}
          <a href={href(listingAddress(action, { ...query, filter: {}, min: '', max: '', inStock: false }))}>
            Clear all filters
          </a>
        </p>
      ) : (
        <p>Try another word, or look around:</p>
      )}
      <ul class="empty-links">
        {categories.map(({ handle, title }) => (
          <li>
            <a class="chip" href={href(categoryPath(handle))}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </div>
  )
}
