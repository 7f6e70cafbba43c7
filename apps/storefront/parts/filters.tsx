import { formatDecimal } from '#kernel/money'
import type { Facet, ListingQuery, Problems, Sort, Views } from '../views.ts'
import { fieldId } from './field.tsx'
import { CloseIcon, FilterIcon } from './icons.tsx'
import { useKept } from './kept.tsx'
import { defaultSort, listingAddress, without } from './listing-address.ts'
import { useShop } from './shop.tsx'

const sortNames: Readonly<Record<Sort, string>> = {
  relevance: 'Best match',
  newest: 'Newest first',
  'price-asc': 'Price, low to high',
  'price-desc': 'Price, high to low',
  title: 'Name, A to Z',
}

/** Facets and values beyond these are folded away, unless they are chosen. */
const facetsShown = 4
const valuesShown = 8

/** Filters and sorting as one GET form: it works by its button, and a script presses it. */
export function Filters({ action, query, listing, problems }: Views['listing']) {
  const { href } = useShop()
  return (
    <form class="filters" id="filters" action={href(action)} method="get" data-auto-submit>
      {query.q && <input type="hidden" name="q" value={query.q} />}
      <details class="filters-fold" id="filters-fold">
        <summary class="button button-quiet">
          <FilterIcon /> Filter and sort
        </summary>
        <div class="filters-body">
          <SortSelect query={query} />
          <label class="switch">
            <input type="checkbox" name="inStock" value="true" checked={query.inStock} />
            <span>In stock only</span>
          </label>
          <PriceRange query={query} range={listing.priceRange} problems={problems} />
          <Facets facets={listing.facets} query={query} />
          <p class="filters-apply">
            <button class="button button-quiet" type="submit">
              Show results
            </button>
          </p>
        </div>
      </details>
    </form>
  )
}

function SortSelect({ query }: { query: ListingQuery }) {
  const sorts: Sort[] = query.q
    ? ['relevance', 'newest', 'price-asc', 'price-desc', 'title']
    : ['newest', 'price-asc', 'price-desc', 'title']
  return (
    <p class="field">
      <label for="sort">Sort by</label>
      <select id="sort" name="sort">
        {sorts.map((sort) => (
          <option value={sort} selected={sort === query.sort}>
            {sortNames[sort]}
          </option>
        ))}
      </select>
    </p>
  )
}

function PriceRange({
  query,
  range,
  problems,
}: {
  query: ListingQuery
  range: Views['listing']['listing']['priceRange']
  problems: Problems
}) {
  const { market } = useShop()
  const input = (name: 'min' | 'max', label: string) => (
    <p class="field">
      <label for={`price-${name}`}>{label}</label>
      <input
        id={`price-${name}`}
        name={name}
        inputMode="decimal"
        maxLength={14}
        value={query[name]}
        placeholder={range ? formatDecimal(range[name]).replace(/\.00$/, '') : ''}
        aria-invalid={problems[name] ? 'true' : undefined}
        aria-describedby={problems[name] ? `price-${name}-problem` : undefined}
      />
      {problems[name] && (
        <small class="problem" id={`price-${name}-problem`}>
          {problems[name]}
        </small>
      )}
    </p>
  )
  return (
    <fieldset class="facet">
      <legend>Price in {market.currency}</legend>
      <div class="field-row">
        {input('min', 'From')}
        {input('max', 'To')}
      </div>
    </fieldset>
  )
}

/** The most telling facets are open; those beyond are folded away, unless something in them is chosen. */
function Facets({ facets, query }: { facets: readonly Facet[]; query: ListingQuery }) {
  const filled = facets.filter(({ values }) => values.length > 0)
  const isOpen = (facet: Facet, index: number): boolean => index < facetsShown || facet.key in query.filter
  const draw = (facet: Facet) => <FacetValues facet={facet} chosen={query.filter[facet.key] ?? []} />
  const folded = filled.filter((facet, index) => !isOpen(facet, index))
  return (
    <>
      {filled.filter(isOpen).map(draw)}
      {folded.length > 0 && (
        <details class="facet" id="more-facets">
          <summary>More filters</summary>
          {folded.map(draw)}
        </details>
      )}
    </>
  )
}

function FacetValues({ facet, chosen }: { facet: Facet; chosen: readonly string[] }) {
  const isChosen = (value: { readonly value: string; readonly selected: boolean }): boolean =>
    value.selected || chosen.includes(value.value)
  const first = facet.values.filter((value, index) => index < valuesShown || isChosen(value))
  const rest = facet.values.filter((value) => !first.includes(value))
  const item = useKept(FacetValue)
  const list = (values: Facet['values']): string =>
    values
      .map((one) =>
        item({ facet: facet.key, value: one.value, isChosen: isChosen(one) }).replace(countGap, String(one.count)),
      )
      .join('')
  return (
    <fieldset class="facet">
      <legend>{facet.title}</legend>
      <ul dangerouslySetInnerHTML={{ __html: list(first) }} />
      {rest.length > 0 && (
        <details id={fieldId(`more-${facet.key}`)}>
          <summary>{rest.length} more</summary>
          <ul dangerouslySetInnerHTML={{ __html: list(rest) }} />
        </details>
      )}
    </fieldset>
  )
}

/** Stands where the count will: it is another one on each page. No text of a shop has this character. */
const countGap = '\0'

function FacetValue({ facet, value, isChosen }: { facet: string; value: string; isChosen: boolean }) {
  return (
    <li>
      <label class="check">
        <input
          type="checkbox"
          id={fieldId(`facet-${facet}-${value}`)}
          name={`filter[${facet}]`}
          value={value}
          checked={isChosen}
        />
        <span>{value}</span> <span class="count">{countGap}</span>
      </label>
    </li>
  )
}

/** What the listing is narrowed to; each can be taken away by a link. */
export function Chips({ action, query, listing }: Views['listing']) {
  const { href, market } = useShop()
  const titles = new Map(listing.facets.map(({ key, title }) => [key, title]))
  const chips = [
    ...Object.entries(query.filter).flatMap(([key, values]) =>
      values.map((value) => ({ label: `${titles.get(key) ?? key}: ${value}`, to: without(query, { key, value }) })),
    ),
    ...(query.min ? [{ label: `From ${query.min} ${market.currency}`, to: without(query, 'min') }] : []),
    ...(query.max ? [{ label: `Up to ${query.max} ${market.currency}`, to: without(query, 'max') }] : []),
    ...(query.inStock ? [{ label: 'In stock', to: without(query, 'inStock') }] : []),
  ]
  if (chips.length === 0) return null
  const cleared = { ...query, filter: {}, min: '', max: '', inStock: false, sort: defaultSort(query) }
  return (
    <ul class="chips" aria-label="Active filters">
      {chips.map(({ label, to }) => (
        <li>
          <a class="chip" href={href(listingAddress(action, to))} data-swap="#results #filters">
            <span class="visually-hidden">Remove </span>
            {label}
            <CloseIcon />
          </a>
        </li>
      ))}
      <li>
        <a class="chip chip-clear" href={href(listingAddress(action, cleared))} data-swap="#results #filters">
          Clear all
        </a>
      </li>
    </ul>
  )
}
