import type { ComponentChildren } from 'preact'
import type { Frame, Head, Place } from '../views.ts'
import { Footer, PlainFooter } from './footer.tsx'
import { CheckoutHeader, Header } from './header.tsx'

/** A whole page: what browsers and search engines read first, then head, content and foot. */
export function Document({ frame, path, head, children }: Place & { head: Head; children: ComponentChildren }) {
  const { assets, slots, shopName, settings, origin } = frame
  const isCheckout = head.kind === 'checkout'
  const title = head.title === shopName ? `${shopName} · ${settings.tagline}` : `${head.title} · ${shopName}`
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href={assets.style} />
        {assets.fonts.map((font) => (
          <link rel="preload" href={font} as="font" type="font/woff2" crossOrigin="anonymous" />
        ))}
        <script type="module" src={assets.script} nonce={slots.nonce} />
        {head.refreshSeconds !== undefined && <meta http-equiv="refresh" content={String(head.refreshSeconds)} />}
        {head.description && <meta name="description" content={head.description} />}
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#f6f5f1" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#0f151c" media="(prefers-color-scheme: dark)" />
        <link rel="icon" href="/favicon.ico" sizes="48x48" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        <link rel="manifest" href="/manifest.webmanifest" />
        {head.canonical === null ? (
          <meta name="robots" content="noindex" />
        ) : (
          <Findable frame={frame} head={head} canonical={head.canonical} title={head.title} />
        )}
        {head.jsonLd?.map((data) => (
          <script
            type="application/ld+json"
            // Data for search engines; nothing in it can end the element.
            dangerouslySetInnerHTML={{ __html: JSON.stringify(data).replaceAll('<', '\\u003c') }}
          />
        ))}
        {!isCheckout && (
          <script
            type="speculationrules"
            nonce={slots.nonce}
            // A constant.
            dangerouslySetInnerHTML={{ __html: speculation }}
          />
        )}
      </head>
      <body data-market={frame.prefix} data-origin={origin}>
        <a class="skip" href="#main">
          Skip to content
        </a>
        {isCheckout ? <CheckoutHeader /> : <Header />}
        <main id="main" tabIndex={-1}>
          {children}
        </main>
        {isCheckout ? <PlainFooter /> : <Footer path={path} />}
        <div id="status" role="status" class="visually-hidden" />
      </body>
    </html>
  )
}

/** One address for each content, its sisters in other markets, and a card for those who share it. */
function Findable({ frame, head, canonical, title }: { frame: Frame; head: Head; canonical: string; title: string }) {
  const { origin, prefix, markets, shopName } = frame
  // Only the shop's own pictures, and not as drawings, which few of those who preview links can show.
  const image = head.image?.startsWith('/') ? `${origin}${head.image}?raster=1280` : null
  const at = (market: string): string => `${origin}${market}${canonical === '/' && market !== '' ? '' : canonical}`
  return (
    <>
      <link rel="canonical" href={at(prefix)} />
      {markets.length > 1 && (
        <>
          <link rel="alternate" hreflang="x-default" href={at('')} />
          {markets.flatMap((market) =>
            market.default
              ? [<link rel="alternate" hreflang="en" href={at('')} />]
              : market.countries.map((country) => (
                  <link rel="alternate" hreflang={`en-${country}`} href={at(`/${market.code}`)} />
                )),
          )}
        </>
      )}
      <meta property="og:site_name" content={shopName} />
      <meta property="og:type" content="website" />
      <meta property="og:title" content={title} />
      {head.description && <meta property="og:description" content={head.description} />}
      <meta property="og:url" content={at(prefix)} />
      {image && <meta property="og:image" content={image} />}
      <meta name="twitter:card" content={image ? 'summary_large_image' : 'summary'} />
    </>
  )
}

/** Pages that a finger or pointer rests on are drawn before it is lifted; never those that are personal. */
const speculation = JSON.stringify({
  prerender: [
    {
      where: {
        and: [
          { href_matches: '/*' },
          {
            not: {
              href_matches: ['/*cart*', '/*checkout*', '/*account*', '/*orders/*', '/admin*', '/api/*', '/media/*'],
            },
          },
          { not: { selector_matches: '[rel~=external], [download], [data-swap]' } },
        ],
      },
      eagerness: 'moderate',
    },
  ],
})
