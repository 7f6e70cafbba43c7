import { LRUCache } from 'lru-cache'
import type { FunctionComponent } from 'preact'
import { drawIn, useFrame } from './shop.tsx'

/** Some three thousand cards with a picture. Beyond it those that were not shown longest go. */
const charactersAtMost = 4 * 1024 * 1024

const kept = new LRUCache<string, string>({
  maxSize: charactersAtMost,
  sizeCalculation: (html, key) => html.length + key.length,
})

/**
 * Draws a part that many pages show alike, and draws it once: its HTML is kept under all that it is made of, which is its
 * properties and the frame. So nothing that is kept can be old, and nobody has to be told of a change. Not for a part that shows
 * anything else, such as the time.
 */
export function useKept<P extends object>(Part: FunctionComponent<P>): (props: P) => string {
  const frame = useFrame()
  const place = `${numberOf(Part)} ${numberOf(frame)} `
  return (props) => {
    const key = place + JSON.stringify(props)
    const known = kept.get(key)
    if (known !== undefined) return known
    const drawn = drawIn(frame, <Part {...props} />)
    // In one piece: drawing puts a text together of hundreds, which each page would go through anew.
    const html = Buffer.from(drawn).toString()
    kept.set(key, html)
    return html
  }
}

const numbers = new WeakMap<object, number>()
let last = 0

/** The same for the same object. */
function numberOf(one: object): number {
  const number = numbers.get(one) ?? ++last
  numbers.set(one, number)
  return number
}
