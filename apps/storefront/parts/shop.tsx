import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { formatMoney, type Money } from '#kernel/money'
import type { Frame } from '../views.ts'

let drawnIn: Frame | null = null

/**
 * Draws something in a frame, of which all parts may read (`useFrame`). It is drawn at once, so nobody else's is drawn meanwhile. Not a
 * context of Preact: with one, V8 took all that a page was drawn of for something that stays, 40 KB of each.
 */
export function drawIn(frame: Frame, content: VNode): string {
  const around = drawnIn
  drawnIn = frame
  try {
    return renderToString(content)
  } finally {
    drawnIn = around
  }
}

export function useFrame(): Frame {
  if (!drawnIn) throw new Error('storefront: a part was drawn outside of a page')
  return drawnIn
}

/** What every part may need: the frame, links that stay in the market, amounts and dates as people there read them. */
export function useShop() {
  const frame = useFrame()
  const { market, prefix } = frame
  return {
    ...frame,
    href: (path: string): string => (path === '/' ? prefix || '/' : `${prefix}${path}`),
    money: (amount: Money): string => formatMoney(amount, market.locale),
    date: (time: string): string => dates(market.locale).format(new Date(time)),
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** The pages speak English; the region decides in which order day and month stand. */
function dates(locale: string): Intl.DateTimeFormat {
  let formatter = formatters.get(locale)
  if (!formatter) {
    const { region } = new Intl.Locale(locale).maximize()
    formatter = new Intl.DateTimeFormat(`en-${region ?? 'GB'}`, { dateStyle: 'long', timeZone: 'UTC' })
    formatters.set(locale, formatter)
  }
  return formatter
}

const regionNames = new Intl.DisplayNames('en', { type: 'region' })

/** A country's name in English: DE → Germany. */
export const countryName = (code: string): string => regionNames.of(code) ?? code

export const productPath = (handle: string): string => `/products/${encodeURIComponent(handle)}`
export const categoryPath = (handle: string): string => `/categories/${encodeURIComponent(handle)}`
