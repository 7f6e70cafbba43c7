import type { cart } from '#contracts/cart'
import type { catalog } from '#contracts/catalog'
import type { identity } from '#contracts/identity'
import type { orders } from '#contracts/orders'
import type { payments } from '#contracts/payments'
import type { pricing } from '#contracts/pricing'
import type { search } from '#contracts/search'
import type { Output } from '#kernel/contract'
import type { StorefrontSettings } from './settings.ts'

// What each page shows: the border between the routes, which ask the services, and the pages, which only draw.

export type Market = Output<(typeof pricing.operations)['markets']>['items'][number]
export type Category = Output<(typeof catalog.operations)['categories']>['items'][number]
export type Product = Output<(typeof catalog.operations)['product']>
export type Variant = Product['variants'][number]
export type Media = Product['media'][number]
export type Listing = Output<(typeof search.operations)['products']>
export type Listed = Listing['items'][number]
export type Facet = Listing['facets'][number]
export type Suggestions = Output<(typeof search.operations)['suggest']>
export type Cart = Output<(typeof cart.operations)['get']>
export type CartLine = Cart['lines'][number]
export type ShippingMethod = Output<(typeof cart.operations)['shippingMethods']>['items'][number]
export type Provider = Output<(typeof payments.operations)['providers']>['items'][number]
export type Order = Output<(typeof orders.operations)['get']>
export type OrderSummary = Output<(typeof orders.operations)['accountOrders']>['items'][number]
export type Profile = Output<(typeof identity.operations)['profile']>
export type SavedAddress = Output<(typeof identity.operations)['addresses']>['items'][number]
export type TextPage = StorefrontSettings['pages'][number]

/** Field → what is wrong with it, for the person who typed it; `''` holds what concerns the whole form. */
export type Problems = Readonly<Record<string, string>>
/** What somebody typed, as it came, to be shown again. */
export type Typed = Readonly<Record<string, string>>

/** All that surrounds the pages of a market and is the same for whoever looks at them: one object until something in it changes. */
export type Frame = {
  readonly shopName: string
  readonly origin: string
  readonly settings: StorefrontSettings
  readonly market: Market
  readonly markets: readonly Market[]
  readonly categories: readonly Category[]
  /** `''` for the default market, `/us` for another. */
  readonly prefix: string
  readonly assets: Assets
  readonly slots: Slots
}

/** Where a page is: its frame, and the path and query that it has in every market. */
export type Place = { readonly frame: Frame; readonly path: string }

/** Addresses of the built files. */
export type Assets = {
  readonly style: string
  readonly script: string
  readonly fonts: readonly string[]
}

/** Unguessable marks in a rendered page that are filled in for each answer, so that the rest could be kept. */
export type Slots = { readonly nonce: string; readonly visitor: string }

/** What is personal on every page, told by the visitor's cookies alone. */
export type Visitor = { readonly hasSession: boolean; readonly units: number; readonly prefix: string }

/** What a page says of itself to browsers, search engines and those who share it. */
export type Head = {
  readonly title: string
  readonly description?: string
  /** Path and query of the one address this content has; null for pages that nobody should find. */
  readonly canonical: string | null
  readonly image?: string | null
  readonly jsonLd?: readonly object[]
  /** Seconds after which the browser asks again, without any script. */
  readonly refreshSeconds?: number
  /** The checkout has a plain head and foot, so that nothing leads away. */
  readonly kind?: 'shop' | 'checkout'
}

export type Crumb = { readonly title: string; readonly href: string | null }

/** The filters of a listing as the address has them. */
export type ListingQuery = {
  readonly q: string
  readonly filter: Readonly<Record<string, readonly string[]>>
  /** As typed, in the market's currency. */
  readonly min: string
  readonly max: string
  readonly inStock: boolean
  readonly sort: Sort
}
export type Sort = 'relevance' | 'newest' | 'price-asc' | 'price-desc' | 'title'

export type Views = {
  home: {
    readonly showcase: readonly Listed[]
    readonly newest: readonly Listed[]
  }
  listing: {
    readonly kind: 'category' | 'search' | 'all'
    readonly title: string
    readonly description: string
    /** Path of the listing without query. */
    readonly action: string
    readonly crumbs: readonly Crumb[]
    readonly query: ListingQuery
    readonly listing: Listing
    readonly isFirstPage: boolean
    readonly problems: Problems
  }
  suggestions: { readonly q: string; readonly suggestions: Suggestions }
  product: {
    readonly product: Product
    readonly variant: Variant
    readonly crumbs: readonly Crumb[]
    readonly related: readonly Listed[]
    readonly quantity: string
    readonly problems: Problems
  }
  cart: {
    readonly cart: Cart | null
    readonly otherCart: { readonly market: Market; readonly href: string } | null
    readonly problems: Problems
    readonly typed: Typed
  }
  checkout: {
    readonly cart: Cart
    readonly methods: readonly ShippingMethod[]
    readonly countries: readonly string[]
    /** Of all markets: an invoice may go where no parcel does. */
    readonly billingCountries: readonly string[]
    /** Nobody can say now how the goods are sent, and for how much. */
    readonly shippingUnavailable: boolean
    readonly providers: readonly Provider[]
    readonly addresses: readonly SavedAddress[]
    readonly signedIn: boolean
    readonly typed: Typed
    readonly problems: Problems
    readonly notice: string | null
    readonly key: string
  }
  order: {
    readonly order: Order
    readonly justPlaced: boolean
    /** The bank's question that a provider's script puts to the shopper, and where the shopper goes with the answer. */
    readonly challenge: {
      readonly script: NonNullable<Provider['script']>
      readonly clientSecret: string
      readonly returnPath: string
    } | null
  }
  signIn: { readonly typed: Typed; readonly problems: Problems; readonly next: string; readonly notice: string | null }
  signUp: { readonly typed: Typed; readonly problems: Problems }
  forgotPassword: { readonly typed: Typed; readonly problems: Problems; readonly sent: boolean }
  resetPassword: { readonly token: string; readonly problems: Problems }
  verifyEmail: { readonly token: string; readonly problems: Problems; readonly done: boolean }
  account: {
    readonly profile: Profile
    readonly orders: readonly OrderSummary[]
    readonly nextCursor: string | null
    readonly notice: string | null
    readonly typed: Typed
    readonly problems: Problems
  }
  addresses: {
    readonly addresses: readonly SavedAddress[]
    /** The address whose form is open, `new`, or none. */
    readonly editing: string | null
    readonly countries: readonly string[]
    readonly typed: Typed
    readonly problems: Problems
  }
  staff: Readonly<Record<never, never>>
  text: { readonly page: TextPage }
  problem: { readonly status: number; readonly title: string; readonly detail: string; readonly traceId: string | null }
}

export type PageName = keyof Views

/** What the compiled pages give to the routes. */
export type Pages = {
  /** A whole HTML document, with the slots of `frame` still open. */
  readonly render: <N extends PageName>(name: N, place: Place, head: Head, view: Views[N]) => string
  /** Only the page's own part, for scripts that put it into a page that is open already. */
  readonly fragment: <N extends PageName>(name: N, frame: Frame, view: Views[N]) => string
  readonly visitor: (visitor: Visitor) => string
}
