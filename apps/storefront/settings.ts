import T from 'typebox'

const Line = (max: number) => T.String({ minLength: 1, maxLength: max, pattern: '\\S' })

/** An address within the shop, such as `/categories/lamps`, or elsewhere, such as `https://example.com/`. */
const Link = T.Object({ label: Line(60), href: T.String({ maxLength: 300, pattern: '^(?:/(?![/\\\\])|https://)' }) })

/** A page of text: imprint, privacy, shipping, returns. A paragraph is plain text; it is escaped where it is shown. */
const TextPage = T.Object({
  /** Its address is `/pages/{slug}`. */
  slug: T.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 60 }),
  title: Line(120),
  sections: T.Array(
    T.Object({
      heading: T.Optional(Line(120)),
      paragraphs: T.Array(Line(5_000), { minItems: 1, maxItems: 100 }),
    }),
    { minItems: 1, maxItems: 100 },
  ),
})

/** The part of `stoa.config.ts` that the storefront reads: what the shop says of itself. */
export const StorefrontSettings = T.Object({
  /** One line beside the name: in the title of the home page and in search results. */
  tagline: Line(120),
  /** Two sentences on what the shop sells, for search engines and for the foot of each page. */
  description: Line(400),
  /** A line above everything, for as long as it is news. */
  announcement: T.Optional(Link),
  hero: T.Object({
    title: Line(80),
    text: Line(400),
    links: T.Array(Link, { minItems: 1, maxItems: 2 }),
    /** Handles of up to three products that stand in the arches; the newest ones when left out. */
    products: T.Optional(T.Array(T.String({ maxLength: 255 }), { maxItems: 3 })),
  }),
  /** What a shopper can rely on, each in a few words: delivery, returns, repair. */
  promises: T.Array(T.Object({ title: Line(60), text: Line(200) }), { maxItems: 4 }),
  /** Who stands behind the shop. */
  story: T.Optional(
    T.Object({
      title: Line(120),
      paragraphs: T.Array(Line(1_000), { minItems: 1, maxItems: 6 }),
      link: T.Optional(Link),
    }),
  ),
  contact: T.Object({
    email: T.String({ pattern: '^[^\\s@<>"]+@[^\\s@<>"]+$', maxLength: 254 }),
    phone: T.Optional(Line(40)),
    /** Lines of the postal address. */
    address: T.Array(Line(120), { maxItems: 6 }),
  }),
  /** Imprint, privacy, terms, delivery, returns: listed in the foot of each page. */
  pages: T.Array(TextPage, { maxItems: 30 }),
  /** The slug of the page on delivery and its cost, which prices link to. */
  shippingPage: T.Optional(T.String({ maxLength: 60 })),
  /** The slug of the page on what becomes of a shopper's data, which the checkout links to. */
  privacyPage: T.Optional(T.String({ maxLength: 60 })),
  /** The slug of the terms of sale, which the checkout links to. */
  termsPage: T.Optional(T.String({ maxLength: 60 })),
})
export type StorefrontSettings = T.Static<typeof StorefrontSettings>
