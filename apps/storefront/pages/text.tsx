import { useShop } from '../parts/shop.tsx'
import type { Views } from '../views.ts'

export function TextPageView({ page }: Views['text']) {
  return (
    <article class="reading">
      <h1>{page.title}</h1>
      {page.sections.map(({ heading, paragraphs }) => (
        <section>
          {heading && <h2>{heading}</h2>}
          {paragraphs.map((paragraph) => (
            <p>{paragraph}</p>
          ))}
        </section>
      ))}
    </article>
  )
}

/** What stands where a page should be: it says what happened, and where to go on. */
export function ProblemPage({ status, title, detail, traceId }: Views['problem']) {
  const { href, categories } = useShop()
  return (
    <div class="empty wide">
      <p class="problem-status" aria-hidden="true">
        {status}
      </p>
      <h1>{title}</h1>
      <p class="lead">{detail}</p>
      <ul class="empty-links">
        <li>
          <a class="chip" href={href('/')}>
            Home
          </a>
        </li>
        {categories.slice(0, 6).map(({ handle, title: name }) => (
          <li>
            <a class="chip" href={href(`/categories/${encodeURIComponent(handle)}`)}>
              {name}
            </a>
          </li>
        ))}
      </ul>
      {traceId && <p class="soft">If you write to us about this, please add this number: {traceId}</p>}
    </div>
  )
}
