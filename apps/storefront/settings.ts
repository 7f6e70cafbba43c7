import T from 'typebox'
import { Filled, Written } from '#kernel/validation-words'

/** An address within the shop, such as `/categories/lamps`, or elsewhere, such as `https://example.com/`. */
const Link = T.Object({
  label: Filled(60),
  href: Written('^(?:/(?![/\\\\])|https://)', 'a path of the shop or an https address', { maxLength: 300 }),
})

/** A page of text: imprint, privacy, shipping, returns. A paragraph is plain text; it is escaped where it is shown. */
const TextPage = T.Object({
  /** Its address is `/pages/{slug}`. */
  slug: Written('^[a-z0-9]+(-[a-z0-9]+)*$', 'words in lower case with dashes', { maxLength: 60 }),
  title: Filled(120),
  sections: T.Array(
    T.Object({
      heading: T.Optional(Filled(120)),
      paragraphs: T.Array(Filled(5_000), { minItems: 1, maxItems: 100 }),
    }),
    { minItems: 1, maxItems: 100 },
  ),
})

/** The part of `stoa.config.ts` that the storefront reads: what the shop says of itself. */
export const StorefrontSettings = T.Object({
  /** One line beside the name: in the title of the home page and in search results. */
  tagline: Filled(120),
  /** Two sentences on what the shop sells, for search engines and for the foot of each page. */
  description: Filled(400),
  /** A line above everything, for as long as it is news. */
  announcement: T.Optional(Link),
  hero: T.Object({
    title: Filled(80),
    text: Filled(400),
    links: T.Array(Link, { minItems: 1, maxItems: 2 }),
    /** Handles of up to three products that stand in the arches; the newest ones when left out. */
    products: T.Optional(T.Array(T.String({ maxLength: 255 }), { maxItems: 3 })),
  }),
  /** What a shopper can rely on, each in a few words: delivery, returns, repair. */
  promises: T.Array(T.Object({ title: Filled(60), text: Filled(200) }), { maxItems: 4 }),
  /** Who stands behind the shop. */
  story: T.Optional(
    T.Object({
      title: Filled(120),
      paragraphs: T.Array(Filled(1_000), { minItems: 1, maxItems: 6 }),
      link: T.Optional(Link),
    }),
  ),
  contact: T.Object({
    email: Written('^[^\\s@<>"]+@[^\\s@<>"]+$', 'an e-mail address', { maxLength: 254 }),
    phone: T.Optional(Filled(40)),
    /** Lines of the postal address. */
    address: T.Array(Filled(120), { maxItems: 6 }),
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
