import { Mark } from './icons.tsx'
import { useKept } from './kept.tsx'
import { CategoryLinks, EverythingLink, TextLinks } from './links.tsx'
import { useShop } from './shop.tsx'

const categoriesInFooter = 8

export function Footer({ path }: { path: string }) {
  const { shopName } = useShop()
  const columns = useKept(Columns)
  return (
    <footer class="footer">
      <div class="footer-arcade" aria-hidden="true" />
      <div class="footer-inner">
        <div class="wide footer-columns" dangerouslySetInnerHTML={{ __html: columns({}) }} />
        <div class="wide footer-base">
          <MarketLinks path={path} />
          <p>
            © {new Date().getUTCFullYear()} {shopName}
          </p>
        </div>
      </div>
    </footer>
  )
}

/** Of the checkout: nothing in it leads away. */
export function PlainFooter() {
  return (
    <footer class="footer-plain wide">
      <ul>
        <TextLinks />
      </ul>
    </footer>
  )
}

function Columns() {
  const { shopName, settings } = useShop()
  return (
    <>
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
          <CategoryLinks atMost={categoriesInFooter} />
          <EverythingLink />
        </ul>
      </nav>
      {settings.pages.length > 0 && (
        <nav aria-labelledby="footer-help">
          <h2 id="footer-help">Good to know</h2>
          <ul>
            <TextLinks />
          </ul>
        </nav>
      )}
      <Contact />
    </>
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
function MarketLinks({ path }: { path: string }) {
  const { markets, market } = useShop()
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
