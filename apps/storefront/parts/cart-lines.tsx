import type { CartLine, Order } from '../views.ts'
import { Picture } from './picture.tsx'
import { productPath, useShop } from './shop.tsx'

/** A line as cart, checkout summary and order show it; what can be done with it is the page's own. */
export function LineFacts({ line, isLinked = true }: { line: CartLine | Order['lines'][number]; isLinked?: boolean }) {
  const { href } = useShop()
  return (
    <>
      <span class="niche line-picture">
        <Picture url={line.imageUrl} alt="" sizes="6rem" />
      </span>
      <span class="line-words">
        {isLinked ? (
          <a class="line-title" href={href(productPath(line.handle))}>
            {line.title}
          </a>
        ) : (
          <span class="line-title">{line.title}</span>
        )}
        {line.variantTitle && <span class="soft">{line.variantTitle}</span>}
      </span>
    </>
  )
}

/** Lines that are only read: in the checkout's summary and on an order's page. */
export function LineList({ lines }: { lines: readonly (CartLine | Order['lines'][number])[] }) {
  const { money } = useShop()
  return (
    <ul class="line-list">
      {lines.map((line) => (
        <li class="line line-read">
          <LineFacts line={line} isLinked={false} />
          <span class="line-amount">
            {money(line.subtotal)}
            {line.quantity > 1 && (
              <span class="soft">
                {line.quantity} × {money(line.unitPrice)}
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}
