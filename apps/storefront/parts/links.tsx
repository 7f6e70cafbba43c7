import { categoryPath, useShop } from './shop.tsx'

/** Items of a list that lead to the categories: to all, or to the first of them where no more fit. */
export function CategoryLinks({ atMost }: { atMost?: number }) {
  const { categories, href } = useShop()
  return (
    <>
      {categories.slice(0, atMost).map(({ handle, title }) => (
        <li>
          <a href={href(categoryPath(handle))}>{title}</a>
        </li>
      ))}
    </>
  )
}

export function EverythingLink() {
  const { href } = useShop()
  return (
    <li>
      <a href={href('/products')}>Everything</a>
    </li>
  )
}

/** Items that lead to the texts of the settings: imprint, delivery and the like. */
export function TextLinks() {
  const { settings, href } = useShop()
  return (
    <>
      {settings.pages.map(({ slug, title }) => (
        <li>
          <a href={href(`/pages/${slug}`)}>{title}</a>
        </li>
      ))}
    </>
  )
}
