import type { Listed } from '../views.ts'
import { useKept } from './kept.tsx'
import { Picture } from './picture.tsx'
import { Price, reduction } from './price.tsx'
import { productPath, useShop } from './shop.tsx'

/** In a grid: two on a phone, three on a tablet, four on a desktop. */
const gridSizes = '(min-width: 64rem) 18rem, (min-width: 44rem) 30vw, 46vw'

/** A product in its niche of the arcade. */
function ProductCard({ product, isEager }: { product: Listed; isEager: boolean }) {
  const { href } = useShop()
  const off = reduction(product.priceFrom, product.compareAtPrice)
  return (
    <li class={product.available ? 'card' : 'card card-out'}>
      <a class="card-link" href={href(productPath(product.handle))}>
        <span class="niche" data-shared={product.handle}>
          <Picture url={product.imageUrl} alt={altBeside(product)} sizes={gridSizes} isEager={isEager} />
          {product.secondImageUrl?.startsWith('/') && (
            <span class="niche-second">
              <Picture url={product.secondImageUrl} alt="" sizes={gridSizes} />
            </span>
          )}
          {!product.available && <span class="tag">Sold out</span>}
          {product.available && off !== null && <span class="tag tag-sale">−{off} %</span>}
        </span>
        <span class="card-title">{product.title}</span>
      </a>
      <Price price={product.priceFrom} before={product.compareAtPrice} isFrom={product.priceVaries} />
    </li>
  )
}

/** What a picture shows beyond the title that stands right below it; read out, the same words twice are noise. */
export const altBeside = ({ title, imageAlt }: Pick<Listed, 'title' | 'imageAlt'>): string =>
  imageAlt === title ? '' : imageAlt

export function ProductGrid({
  products,
  eager = 0,
  id,
}: {
  products: readonly Listed[]
  /** How many are likely seen without scrolling. */
  eager?: number
  id?: string
}) {
  const card = useKept(ProductCard)
  const cards = products.map((product, index) => card({ product, isEager: index < eager }))
  return <ul class="grid" id={id} dangerouslySetInnerHTML={{ __html: cards.join('') }} />
}
