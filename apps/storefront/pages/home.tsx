import { altBeside, ProductGrid } from '../parts/card.tsx'
import { local } from '../parts/header.tsx'
import { ArrowIcon } from '../parts/icons.tsx'
import { Picture } from '../parts/picture.tsx'
import { Price } from '../parts/price.tsx'
import { categoryPath, productPath, useShop } from '../parts/shop.tsx'
import type { Listed, Views } from '../views.ts'

export function Home({ showcase, newest }: Views['home']) {
  const { href } = useShop()
  return (
    <>
      <Hero showcase={showcase} />
      <Promises />
      <CategoryArcade />
      {newest.length > 0 && (
        <section class="wide section" aria-labelledby="newest">
          <header class="section-head">
            <h2 id="newest">New in the shop</h2>
            <a class="more" href={href('/products?sort=newest')}>
              See everything <ArrowIcon />
            </a>
          </header>
          <ProductGrid products={newest} />
        </section>
      )}
      <Story />
    </>
  )
}

/** Three goods in the arches of a colonnade, on its three steps. */
function Hero({ showcase }: { showcase: readonly Listed[] }) {
  const { settings, href } = useShop()
  const { title, text, links } = settings.hero
  return (
    <section class="hero wide">
      <div class="hero-text">
        <h1>{title}</h1>
        <p class="lead">{text}</p>
        <p class="hero-links">
          {links.map(({ label, href: target }, index) => (
            <a class={index === 0 ? 'button' : 'button button-quiet'} href={local(target, href)}>
              {label}
            </a>
          ))}
        </p>
      </div>
      {showcase.length === 3 && (
        <div class="colonnade">
          <ul class="bays">
            {showcase.map((product, index) => (
              <li class="bay">
                <a href={href(productPath(product.handle))}>
                  <span class="niche" data-shared={product.handle}>
                    <Picture
                      url={product.imageUrl}
                      alt={altBeside(product)}
                      sizes="(min-width: 64rem) 17rem, 31vw"
                      isFirst={index === 1}
                      isEager
                    />
                  </span>
                  <span class="bay-label">
                    <span class="bay-title">{product.title}</span>
                    <Price price={product.priceFrom} before={null} isFrom={product.priceVaries} />
                  </span>
                </a>
              </li>
            ))}
          </ul>
          <div class="steps" aria-hidden="true" />
        </div>
      )}
    </section>
  )
}

function Promises() {
  const { promises } = useShop().settings
  if (promises.length === 0) return null
  return (
    <section class="promises" aria-label="What you can rely on">
      <ul class="wide">
        {promises.map(({ title, text }) => (
          <li>
            <h2>{title}</h2>
            <p>{text}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

function CategoryArcade() {
  const { categories, href } = useShop()
  if (categories.length === 0) return null
  return (
    <section class="wide section" aria-labelledby="categories">
      <h2 id="categories" class="visually-hidden">
        Categories
      </h2>
      <ul class="arcade">
        {categories.map(({ handle, title, mediaUrl }) => (
          <li>
            <a href={href(categoryPath(handle))}>
              <span class="niche">
                <Picture url={mediaUrl} alt="" sizes="(min-width: 64rem) 12rem, 30vw" />
              </span>
              <span class="arcade-title">{title}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Story() {
  const { settings, href } = useShop()
  if (!settings.story) return null
  const { title, paragraphs, link } = settings.story
  return (
    <section class="story" aria-labelledby="story">
      <div class="wide story-inner">
        <h2 id="story">{title}</h2>
        <div class="story-text">
          {paragraphs.map((paragraph) => (
            <p>{paragraph}</p>
          ))}
          {link && (
            <p>
              <a class="more" href={local(link.href, href)}>
                {link.label} <ArrowIcon />
              </a>
            </p>
          )}
        </div>
      </div>
    </section>
  )
}
