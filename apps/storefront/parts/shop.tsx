import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { formatMoney, type Money } from '#kernel/money'
import type { Frame } from '../views.ts'

const FrameContext = createContext<Frame | null>(null)
export const FrameProvider = FrameContext.Provider

export function useFrame(): Frame {
  const frame = useContext(FrameContext)
  if (!frame) throw new Error('storefront: a part was drawn outside of a page')
  return frame
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
