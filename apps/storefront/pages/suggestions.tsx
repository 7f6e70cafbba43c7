import { Picture } from '../parts/picture.tsx'
import { categoryPath, productPath, useShop } from '../parts/shop.tsx'
import type { Views } from '../views.ts'

/** The options of the search field's list box; the script shows them as they come. */
export function SuggestionList({ q, suggestions }: Views['suggestions']) {
  const { href, money } = useShop()
  const { products, categories } = suggestions
  return (
    <div id="suggestions" class="suggestions" role="listbox" aria-label="Suggestions">
      {categories.map(({ handle, title }, index) => (
        <a
          id={`suggestion-c${index}`}
          role="option"
          aria-selected="false"
          tabIndex={-1}
          href={href(categoryPath(handle))}
        >
          <span class="suggestion-category">{title}</span>
          <span class="soft">Category</span>
        </a>
      ))}
      {products.map(({ handle, title, imageUrl, priceFrom }, index) => (
        <a
          id={`suggestion-p${index}`}
          role="option"
          aria-selected="false"
          tabIndex={-1}
          href={href(productPath(handle))}
        >
          <span class="niche">
            <Picture url={imageUrl} alt="" sizes="3rem" isEager />
          </span>
          <span class="suggestion-title">{title}</span>
          <span class="soft">{money(priceFrom)}</span>
        </a>
      ))}
      <a
        id="suggestion-all"
        role="option"
        aria-selected="false"
        tabIndex={-1}
        href={href(`/search?${new URLSearchParams({ q })}`)}
      >
        <span class="suggestion-all">Search for “{q}”</span>
      </a>
    </div>
  )
}
