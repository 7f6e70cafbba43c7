import { formatDecimal } from '#kernel/money'
import type { Crumb, Frame, Product, Variant } from './views.ts'

// What pages say to search engines, in the words of schema.org.

const at = ({ origin, prefix }: Frame, path: string): string =>
  `${origin}${prefix}${path === '/' && prefix ? '' : path}`

const schema = (type: string, rest: object): object => ({ '@context': 'https://schema.org', '@type': type, ...rest })

export function organization(frame: Frame): object {
  const { shopName, origin, settings } = frame
  const { email, phone } = settings.contact
  return schema('Organization', {
    '@id': `${origin}/#organization`,
    name: shopName,
    url: `${origin}/`,
    logo: `${origin}/icon-512.png`,
    description: settings.description,
    contactPoint: {
      '@type': 'ContactPoint',
      contactType: 'customer service',
      email,
      ...(phone ? { telephone: phone } : {}),
    },
  })
}

export function website(frame: Frame): object {
  const { shopName, origin } = frame
  return schema('WebSite', {
    name: shopName,
    url: at(frame, '/'),
    publisher: { '@id': `${origin}/#organization` },
    potentialAction: {
      '@type': 'SearchAction',
      target: { '@type': 'EntryPoint', urlTemplate: `${at(frame, '/search')}?q={search_term_string}` },
      'query-input': 'required name=search_term_string',
    },
  })
}

export function breadcrumbs(frame: Frame, crumbs: readonly Crumb[]): object {
  return schema('BreadcrumbList', {
    itemListElement: crumbs.map(({ title, href }, index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name: title,
      ...(href === null ? {} : { item: at(frame, href) }),
    })),
  })
}

/** A product with an offer a variant, in this market's currency; several variants are a ProductGroup of products. */
export function productData(frame: Frame, product: Product, path: string): object {
  const { title, descriptionHtml, vendor, media, variants, options, id } = product
  const images = media.flatMap(({ url }) => (url?.startsWith('/') ? [new URL(url, frame.origin).href] : []))
  const shared = {
    name: title,
    description: plainText(descriptionHtml).slice(0, 5_000),
    ...(images.length > 0 ? { image: images } : {}),
    ...(vendor ? { brand: { '@type': 'Brand', name: vendor } } : {}),
    url: at(frame, path),
  }
  const [only] = variants
  if (variants.length === 1 && only)
    return schema('Product', { ...shared, ...identifiers(only), offers: offer(frame, only, path) })
  return schema('ProductGroup', {
    ...shared,
    productGroupID: id,
    variesBy: options.map(({ name }) => name),
    hasVariant: variants.map((variant) => ({
      '@type': 'Product',
      name: `${title}, ${Object.values(variant.options).join(' / ')}`,
      ...(images[0] ? { image: images[0] } : {}),
      ...identifiers(variant),
      offers: offer(frame, variant, `${path}?variant=${variant.id}`),
    })),
  })
}

function identifiers({ sku, barcode }: Variant): object {
  return { ...(sku ? { sku } : {}), ...(barcode && /^\d{8,14}$/.test(barcode) ? { gtin: barcode } : {}) }
}

function offer(frame: Frame, { price, available, backorder }: Variant, path: string): object {
  const state = available ? (backorder ? 'BackOrder' : 'InStock') : 'OutOfStock'
  return {
    '@type': 'Offer',
    url: at(frame, path),
    price: formatDecimal(price),
    priceCurrency: price.currency,
    availability: `https://schema.org/${state}`,
    itemCondition: 'https://schema.org/NewCondition',
    eligibleRegion: frame.market.countries,
  }
}

/** Text of sanitized HTML, for descriptions. */
export const plainText = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()

/** A description as search engines show it: a sentence or two, cut at a word. */
export function summaryOf(html: string, atMost = 160): string {
  const text = plainText(html)
  return text.length <= atMost ? text : `${text.slice(0, atMost - 1).replace(/\s+\S*$/, '')}…`
}
