import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { demoCategories } from './categories.ts'
import { demoPictures } from './demo-pictures.ts'
import { isPale, lightness, lit, mix, shaded } from './pictures/color.ts'
import { motifs } from './pictures/motifs.ts'
import { drawPicture } from './pictures/picture.ts'
import { demoProducts } from './products.ts'

/** Bytes of one file: a listing shows two dozen of them. The hero is one picture on one page, and wide. */
const ceiling = (fileName: string) => (fileName === 'hero.svg' ? 18 * 1024 : 12 * 1024)

const pictures = [...demoPictures()]

test('there is a file for every picture that products and categories name, and no name is used twice', () => {
  const named = [
    ...demoProducts.flatMap((product) => product.pictures.map(({ fileName }) => fileName)),
    ...demoCategories.map(({ picture }) => picture.fileName),
    'hero.svg',
    'mark.svg',
    'favicon.svg',
  ]
  assert.deepEqual(
    pictures.map(({ fileName }) => fileName),
    named,
  )
  assert.equal(new Set(named).size, named.length)
  for (const fileName of named) assert.match(fileName, /^[a-z0-9]+(-[a-z0-9]+)*\.svg$/)
})

test('no two pictures are the same', () => {
  const bodies = pictures.map(({ svg }) => svg.replace(/\bs[0-9a-z]{4}(?=[0-9a-z]+[")])/g, '')) // ids alone make no difference
  assert.equal(new Set(bodies).size, pictures.length)
})

test('the shop draws many different things', () => {
  const drawn = new Set(
    demoProducts.flatMap((product) => product.pictures.flatMap(({ spec }) => spec.things.map((thing) => thing.motif))),
  )
  assert.deepEqual([...drawn].sort(), Object.keys(motifs).sort())
  assert.equal(drawn.size, 63)
})

test('the same data gives the same bytes', () => {
  const again = [...demoPictures()]
  assert.deepEqual(again, pictures)
})

test('each file is small', () => {
  for (const { fileName, svg } of pictures) {
    const bytes = Buffer.byteLength(svg)
    assert.ok(bytes <= ceiling(fileName), `${fileName} has ${bytes} bytes`)
  }
})

test('each file is well-formed and of its size', async () => {
  for (const { fileName, svg } of pictures) {
    const { width, height, format } = await sharp(Buffer.from(svg)).metadata()
    const expected = fileName === 'hero.svg' ? [1600, 700] : /^(mark|favicon)/.test(fileName) ? [64, 64] : [800, 800]
    assert.deepEqual([format, width, height], ['svg', ...expected], fileName)
  }
  await assert.rejects(sharp(Buffer.from(pictures[0]?.svg.replace('</g>', '') ?? '')).metadata()) // the reader does read it all
})

test('each file is free of scripts, handlers, styles and anything outside itself', () => {
  for (const { fileName, svg } of pictures) {
    const elements = new Set([...svg.matchAll(/<([A-Za-z]+)/g)].map(([, name]) => name))
    for (const name of elements) {
      assert.match(
        name ?? '',
        /^(svg|g|defs|path|ellipse|circle|rect|use|linearGradient|radialGradient|stop|pattern|clipPath|filter|feGaussianBlur)$/,
        fileName,
      )
    }
    assert.doesNotMatch(svg, /\son[a-z]+=|style=|javascript:|data:|@import|<!/i, fileName)
    const outside = svg.replace('xmlns="http://www.w3.org/2000/svg"', '')
    assert.doesNotMatch(outside, /:\/\/|href="[^#]|url\([^#]/, fileName)
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|null/, fileName)
  }
})

test('ids are unique across all pictures, and each reference finds its id in its own file', () => {
  const taken = new Map<string, string>()
  for (const { fileName, svg } of pictures) {
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? '')
    for (const id of ids) {
      assert.ok(!taken.has(id), `${id} is in ${taken.get(id)} and in ${fileName}`)
      taken.set(id, fileName)
    }
    const own = new Set(ids)
    for (const [, id] of svg.matchAll(/(?:url\(|href=")#([^")]+)/g)) assert.ok(own.has(id ?? ''), `${fileName}: ${id}`)
  }
})

test('a thing stands out from the wall behind it', async () => {
  for (const [glaze, tone] of [
    ['#f1ece2', 'clay'],
    ['#26344f', 'sand'],
  ] as const) {
    const spec = (things: Parameters<typeof drawPicture>[0]['things']) => ({
      backdrop: { place: 'studio', tone, light: 'none' } as const,
      things,
    })
    const read = (svg: string) => sharp(Buffer.from(svg)).resize(80).removeAlpha().raw().toBuffer()
    const [empty, full] = await Promise.all([
      read(drawPicture(spec([]))),
      read(drawPicture(spec([{ motif: 'mug', look: { glaze } }]))),
    ])
    const changed = full.filter((value, index) => Math.abs(value - (empty[index] ?? 0)) > 24).length / full.length
    assert.ok(changed > 0.12 && changed < 0.5, `${glaze} on ${tone}: ${changed}`)
  }
})

test('light and shade keep to their side', () => {
  for (const color of ['#c4704f', '#f1ece2', '#26344f', '#808080'] as const) {
    assert.ok(lightness(lit(color, 0.4)) > lightness(color), color)
    assert.ok(lightness(shaded(color, 0.4)) < lightness(color), color)
    assert.equal(mix(color, '#000000', 0), color)
  }
  assert.equal(Math.round(lightness('#ffffff') * 1000), 1000)
  assert.deepEqual([isPale('#f1ece2'), isPale('#c4704f')], [true, false])
})
