import { Mark } from './icons.tsx'
import { categoryPath, useShop } from './shop.tsx'

export function Footer({ isPlain }: { isPlain: boolean }) {
  const { shopName, settings, categories, href } = useShop()
  if (isPlain) {
    return (
      <footer class="footer-plain wide">
        <ul>
          {settings.pages.map(({ slug, title }) => (
            <li>
              <a href={href(`/pages/${slug}`)}>{title}</a>
            </li>
          ))}
        </ul>
      </footer>
    )
  }
  return (
    <footer class="footer">
      <div class="footer-arcade" aria-hidden="true" />
      <div class="footer-inner">
        <div class="wide footer-columns">
          <section class="footer-about">
            <p class="brand">
              <Mark />
              <span>{shopName}</span>
            </p>
            <p>{settings.description}</p>
          </section>
          <nav aria-labelledby="footer-shop">
            <h2 id="footer-shop">Shop</h2>
            <ul>
              {categories.slice(0, 8).map(({ handle, title }) => (
                <li>
                  <a href={href(categoryPath(handle))}>{title}</a>
                </li>
              ))}
              <li>
                <a href={href('/products')}>Everything</a>
              </li>
            </ul>
          </nav>
          {settings.pages.length > 0 && (
            <nav aria-labelledby="footer-help">
              <h2 id="footer-help">Good to know</h2>
              <ul>
                {settings.pages.map(({ slug, title }) => (
                  <li>
                    <a href={href(`/pages/${slug}`)}>{title}</a>
                  </li>
                ))}
              </ul>
            </nav>
          )}
          <Contact />
        </div>
        <div class="wide footer-base">
          <MarketLinks />
          <p>
            © {new Date().getUTCFullYear()} {shopName}
          </p>
        </div>
      </div>
    </footer>
  )
}

function Contact() {
  const { email, phone, address } = useShop().settings.contact
  return (
    <section aria-labelledby="footer-contact">
      <h2 id="footer-contact">Write to us</h2>
      <ul>
        <li>
          <a href={`mailto:${email}`}>{email}</a>
        </li>
        {phone && (
          <li>
            <a href={`tel:${phone.replace(/[^+\d]/g, '')}`}>{phone}</a>
          </li>
        )}
      </ul>
      {address.length > 0 && (
        <address>
          {address.map((line) => (
            <>
              {line}
              <br />
            </>
          ))}
        </address>
      )}
    </section>
  )
}

/** The same page in another market. */
function MarketLinks() {
  const { markets, market, path } = useShop()
  if (markets.length < 2) return null
  return (
    <nav class="markets" aria-label="Delivery region and currency">
      <ul>
        {markets.map((one) => {
          const prefix = one.default ? '' : `/${one.code}`
          return (
            <li>
              <a
                href={path === '/' ? prefix || '/' : `${prefix}${path}`}
                aria-current={one.code === market.code ? 'true' : undefined}
              >
                {one.name} <span class="markets-currency">{one.currency}</span>
              </a>
            </li>
          )
        })}
      </ul>
    </nav>
  )
}
