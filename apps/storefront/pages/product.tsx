import { ProductGrid } from '../parts/card.tsx'
import { Crumbs } from '../parts/crumbs.tsx'
import { Gallery } from '../parts/gallery.tsx'
import { optionChoices } from '../parts/options.ts'
import { Price, reduction, TaxNote } from '../parts/price.tsx'
import { productPath, useShop } from '../parts/shop.tsx'
import type { Variant, Views } from '../views.ts'

export function ProductPage(view: Views['product']) {
  const { product, crumbs, related } = view
  return (
    <div class="wide">
      <Crumbs crumbs={crumbs} />
      <div class="product" id="product">
        <Gallery {...view} />
        <div class="product-side">
          <Buy {...view} />
          <About {...view} />
        </div>
      </div>
      {related.length > 0 && (
        <section class="section" aria-labelledby="related">
          <header class="section-head">
            <h2 id="related">Stands well beside {product.title}</h2>
          </header>
          <ProductGrid products={related} />
        </section>
      )}
    </div>
  )
}

function Buy({ product, variant, quantity, problems }: Views['product']) {
  const { href } = useShop()
  const off = reduction(variant.price, variant.compareAtPrice)
  const problem = problems[''] ?? problems.quantity ?? problems.variantId
  return (
    <div class="buy">
      {product.vendor && <p class="vendor">{product.vendor}</p>}
      <h1>{product.title}</h1>
      <p class="buy-price">
        <Price price={variant.price} before={variant.compareAtPrice} />
        {off !== null && <span class="tag tag-sale">−{off} %</span>}
        <TaxNote />
      </p>
      {product.variants.length > 1 && <Options product={product} variant={variant} />}
      <form id="buy" method="post" action={href('/cart/lines')} data-add-to-cart>
        <input type="hidden" name="variantId" value={variant.id} />
        <input type="hidden" name="from" value={product.handle} />
        {problem && (
          <p class="alert" role="alert" data-focus tabIndex={-1} id="buy-problem">
            {problem}
          </p>
        )}
        <div class="buy-row">
          <Quantity value={quantity} isWrong={problems.quantity !== undefined} />
          <button class="button button-large" type="submit" disabled={!variant.available}>
            {variant.available ? 'Add to cart' : 'Sold out'}
          </button>
        </div>
        <Stock variant={variant} />
      </form>
    </div>
  )
}

function Quantity({ value, isWrong }: { value: string; isWrong: boolean }) {
  return (
    <span class="stepper" data-stepper>
      <label class="visually-hidden" for="quantity">
        Quantity
      </label>
      <input
        id="quantity"
        name="quantity"
        type="number"
        inputMode="numeric"
        min={1}
        max={10_000}
        value={value}
        required
        aria-invalid={isWrong ? 'true' : undefined}
        aria-describedby={isWrong ? 'buy-problem' : undefined}
      />
    </span>
  )
}

/** Choices are links, so that each variant has an address of its own and no script is needed. */
function Options({ product, variant }: Pick<Views['product'], 'product' | 'variant'>) {
  const { href } = useShop()
  return (
    <div class="options" id="options">
      {optionChoices(product, variant).map(({ name, choices }) => (
        <fieldset class="option">
          <legend class="option-name">
            {name}: <strong>{variant.options[name]}</strong>
          </legend>
          <ul>
            {choices.map(({ value, isChosen, variantId, state }) => (
              <li>
                {variantId === null ? (
                  <span class="option-value option-none">{value}</span>
                ) : (
                  <a
                    class={`option-value option-${state}`}
                    href={href(`${productPath(product.handle)}?variant=${variantId}`)}
                    aria-current={isChosen ? 'true' : undefined}
                    rel="nofollow"
                    data-swap="#product"
                    data-replace
                    id={`option-${variantId}-${value.replace(/\W/g, '')}`}
                  >
                    {value}
                    {state === 'sold-out' && <span class="visually-hidden"> (sold out)</span>}
                    {state === 'none' && <span class="visually-hidden"> (changes another choice)</span>}
                  </a>
                )}
              </li>
            ))}
          </ul>
        </fieldset>
      ))}
    </div>
  )
}

function Stock({ variant }: { variant: Variant }) {
  const [kind, words] = stockWords(variant)
  return <p class={`stock stock-${kind}`}>{words}</p>
}

/** What a shopper needs to know of the stock, in words. */
function stockWords({ available, backorder, lowStock }: Variant): readonly [kind: string, words: string] {
  if (!available) return ['out', 'Sold out for now']
  if (backorder) return ['later', 'Made to order: it leaves us as soon as it is ready']
  if (lowStock !== null) return ['low', lowStock === 1 ? 'Only one left' : `Only ${lowStock} left`]
  return ['in', 'In stock, ready to leave']
}

/** Pictures in descriptions come from elsewhere, and would tell strangers who looks at what. */
const withoutPictures = (html: string): string => html.replace(/<img\b[^>]*>/g, '')

function About({ product, variant }: Pick<Views['product'], 'product' | 'variant'>) {
  return (
    <div class="about">
      {product.descriptionHtml && (
        <div
          class="prose"
          // The catalog sanitizes descriptions when they are written
          dangerouslySetInnerHTML={{ __html: withoutPictures(product.descriptionHtml) }}
        />
      )}
      {(product.attributes.length > 0 || variant.sku) && (
        <dl class="facts">
          {product.attributes.map(({ name, values }) => (
            <div>
              <dt>{name}</dt>
              <dd>{values.join(', ')}</dd>
            </div>
          ))}
          {variant.sku && (
            <div>
              <dt>Article</dt>
              <dd>{variant.sku}</dd>
            </div>
          )}
        </dl>
      )}
    </div>
  )
}
