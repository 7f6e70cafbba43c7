import { load, parse, say, swap } from './swap.ts'

// The corner of the head that says how much is in the cart, kept right in every tab of the shop.

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('stoa') : null

/** Shows the corner as the answer to a change of the cart has it, here and in the other tabs. */
export function cartChanged(page: Document): void {
  const corner = page.querySelector('#visitor')
  if (!corner) return
  const html = corner.outerHTML
  swap(parse(html), '#visitor')
  channel?.postMessage(html)
  const units = Number(document.getElementById('cart')?.dataset.units)
  if (Number.isInteger(units))
    say(units === 0 ? 'Your cart is empty' : units === 1 ? '1 item in your cart' : `${units} items in your cart`)
}

channel?.addEventListener('message', ({ data }) => {
  if (typeof data === 'string') swap(parse(data), '#visitor')
})

// A page that comes back from the browser's memory shows the cart as it was then.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return
  load(location.href)
    .then(({ page }) => swap(page, '#visitor'))
    .catch(() => undefined)
})
