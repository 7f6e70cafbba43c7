import { demoCategories } from './categories.ts'
import { hex } from './palette.ts'
import { drawFavicon, drawHero, drawMark } from './pictures/banner.ts'
import { drawPicture, type Thing } from './pictures/picture.ts'
import { demoProducts } from './products.ts'

const heroThings: readonly Thing[] = [
  { motif: 'jug', look: { glaze: hex('Chalk'), seed: 10 }, x: 905, y: 580, scale: 0.5 },
  { motif: 'vase', look: { glaze: hex('Pine'), form: 'globe', stems: '#d8b77a' }, x: 1172, y: 470, scale: 0.56 },
  { motif: 'pot', look: { clay: hex('Clay'), plant: 'cactus' }, x: 1420, y: 664, scale: 0.66 },
]

/** Every picture of the demo shop as the text of an SVG file: products, categories, and the shop's own. They are drawn
 *  one by one as they are asked for; the file names are unique. */
export function* demoPictures(): Iterable<{ readonly fileName: string; readonly svg: string }> {
  for (const { pictures } of demoProducts) {
    for (const { fileName, spec } of pictures) yield { fileName, svg: drawPicture(spec) }
  }
  for (const { picture } of demoCategories) yield { fileName: picture.fileName, svg: drawPicture(picture.spec) }
  yield { fileName: 'hero.svg', svg: drawHero('sand', heroThings) }
  yield { fileName: 'mark.svg', svg: drawMark(hex('Ink')) }
  yield { fileName: 'favicon.svg', svg: drawFavicon('#b5522f', '#f6efe2') }
}
