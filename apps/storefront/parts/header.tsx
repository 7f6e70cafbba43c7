import type { Visitor } from '../views.ts'
import { CartIcon, CloseIcon, LockIcon, Mark, MenuIcon, PersonIcon, SearchIcon } from './icons.tsx'
import { useKept } from './kept.tsx'
import { CategoryLinks, EverythingLink, TextLinks } from './links.tsx'
import { useShop } from './shop.tsx'

/** As many as fit beside the name on a small desktop; the menu has all. */
const categoriesInHeader = 6

export function Header() {
  const { settings, href } = useShop()
  const { announcement } = settings
  const bar = useKept(Bar)
  const menu = useKept(Menu)
  return (
    <>
      {announcement && (
        <aside class="announcement" aria-label="News">
          <a href={local(announcement.href, href)}>{announcement.label}</a>
        </aside>
      )}
      <header class="header" dangerouslySetInnerHTML={{ __html: bar({}) }} />
      <div id="menu" popover="auto" class="menu" dangerouslySetInnerHTML={{ __html: menu({}) }} />
    </>
  )
}

function Bar() {
  const { slots } = useShop()
  return (
    <div class="header-bar wide">
      <button class="icon-button menu-button" type="button" popovertarget="menu" aria-label="Menu">
        <MenuIcon />
      </button>
      <Brand />
      <nav class="header-nav" aria-label="Categories">
        <ul>
          <CategoryLinks atMost={categoriesInHeader} />
        </ul>
      </nav>
      <SearchForm />
      <nav id="visitor" class="visitor" aria-label="Account and cart">
        {slots.visitor}
      </nav>
    </div>
  )
}

export const local = (target: string, href: (path: string) => string): string =>
  target.startsWith('/') ? href(target) : target

function Brand() {
  const { shopName, href } = useShop()
  return (
    <a class="brand" href={href('/')}>
      <Mark />
      <span>{shopName}</span>
    </a>
  )
}

function SearchForm() {
  const { href } = useShop()
  return (
    <search class="search">
      <form action={href('/search')} method="get" data-suggest={href('/search/suggestions')}>
        <label class="visually-hidden" for="search">
          Search the shop
        </label>
        <input id="search" type="search" name="q" maxLength={200} placeholder="Search" autocomplete="off" />
        <button class="icon-button" type="submit" aria-label="Search">
          <SearchIcon />
        </button>
      </form>
    </search>
  )
}

/** Opened by the platform itself; no script is needed for it. */
function Menu() {
  const { href } = useShop()
  return (
    <>
      <button
        class="icon-button menu-close"
        type="button"
        popovertarget="menu"
        popovertargetaction="hide"
        aria-label="Close menu"
      >
        <CloseIcon />
      </button>
      <nav aria-label="Menu">
        <ul class="menu-list">
          <CategoryLinks />
          <EverythingLink />
        </ul>
        <ul class="menu-small">
          <li>
            <a href={href('/account')}>Your account</a>
          </li>
          <TextLinks />
        </ul>
      </nav>
    </>
  )
}

/** The checkout's head leads back to the cart and nowhere else. */
export function CheckoutHeader() {
  const { href } = useShop()
  return (
    <header class="header">
      <div class="header-bar wide">
        <Brand />
        <p class="secure">
          <LockIcon /> Secure checkout
        </p>
        <a class="header-back" href={href('/cart')}>
          Back to cart
        </a>
      </div>
    </header>
  )
}

/** The personal corner of the head, drawn apart from the page around it. */
export function VisitorLinks({ hasSession, units, prefix }: Visitor) {
  return (
    <>
      <a
        class="icon-button visitor-account"
        href={`${prefix}/account`}
        aria-label={hasSession ? 'Your account' : 'Sign in'}
      >
        <PersonIcon />
      </a>
      <a class="icon-button" href={`${prefix}/cart`} data-cart aria-label={cartLabel(units)}>
        <CartIcon />
        {units > 0 && <span class="badge">{units > 99 ? '99+' : units}</span>}
      </a>
    </>
  )
}

const cartLabel = (units: number): string =>
  units === 0 ? 'Cart, empty' : units === 1 ? 'Cart, 1 item' : `Cart, ${units} items`
