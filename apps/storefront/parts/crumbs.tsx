import type { Crumb } from '../views.ts'
import { useShop } from './shop.tsx'

export function Crumbs({ crumbs }: { crumbs: readonly Crumb[] }) {
  const { href } = useShop()
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <ol>
        {crumbs.map(({ title, href: path }) => (
          <li>{path === null ? <span aria-current="page">{title}</span> : <a href={href(path)}>{title}</a>}</li>
        ))}
      </ol>
    </nav>
  )
}
