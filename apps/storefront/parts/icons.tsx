import type { ComponentChildren } from 'preact'

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}

export const SearchIcon = () => (
  <Icon>
    <circle cx="10.5" cy="10.5" r="6.25" />
    <path d="m15.2 15.2 5 5" />
  </Icon>
)
export const MenuIcon = () => (
  <Icon>
    <path d="M3.5 7h17M3.5 12h17M3.5 17h17" />
  </Icon>
)
export const CloseIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
)
/** A basket, as one carries through a market hall. */
export const CartIcon = () => (
  <Icon>
    <path d="M3.5 10h17l-1.8 9.2a1.6 1.6 0 0 1-1.6 1.3H6.9a1.6 1.6 0 0 1-1.6-1.3L3.5 10Z" />
    <path d="M7.5 10a4.5 4.5 0 0 1 9 0M9.5 14v3M14.5 14v3" />
  </Icon>
)
export const PersonIcon = () => (
  <Icon>
    <circle cx="12" cy="8" r="3.75" />
    <path d="M4.5 20.5a7.5 7.5 0 0 1 15 0" />
  </Icon>
)
export const ArrowIcon = () => (
  <Icon>
    <path d="M4 12h15M13.5 6.5 19 12l-5.5 5.5" />
  </Icon>
)
export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.5L19 7.5" />
  </Icon>
)
export const LockIcon = () => (
  <Icon>
    <rect x="5" y="10.5" width="14" height="10" rx="2" />
    <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" />
  </Icon>
)
export const FilterIcon = () => (
  <Icon>
    <path d="M3.5 7.5H11M17 7.5h3.5M3.5 16.5H7M13 16.5h7.5" />
    <circle cx="14" cy="7.5" r="2.5" />
    <circle cx="10" cy="16.5" r="2.5" />
  </Icon>
)

/** The mark beside the shop's name: one bay of a colonnade. */
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
    <path class="mark-light" d="M11.5 27V15a4.5 4.5 0 0 1 9 0v12Z" />
    <path class="mark-stone" d="M5 27V15a11 11 0 0 1 22 0v12h-6.500V15a4.500 4.500 0 0 0-9 0v12Z" />
    <path class="mark-stone" d="M3 28h26v1.600H3Z" />
  </svg>
)

/** Stands in for a picture that the shop does not have: an empty niche with a jar in it. */
export const NoPicture = () => (
  <svg class="no-picture" viewBox="0 0 400 500" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
    <rect class="no-picture-wall" width="400" height="500" />
    <path class="no-picture-light" d="M215 420V210a62 62 0 0 1 124 0v210Z" transform="skewX(-8) translate(52 0)" />
    <rect class="no-picture-floor" y="396" width="400" height="104" />
    <path
      class="no-picture-jar"
      d="M176 236h48l-6 26c34 14 50 42 50 74 0 40-22 68-40 80h-56c-18-12-40-40-40-80 0-32 16-60 50-74Z"
    />
    <path class="no-picture-line" d="M136 318c40 12 88 12 128 0M134 338c42 14 90 14 132 0M172 236h56" />
  </svg>
)
