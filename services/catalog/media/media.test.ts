import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { demoPictures } from '../../../demo/demo-pictures.ts'
import { pictureBytesAtMost } from '../contract.ts'
import { atMost } from './at-most.ts'
import { checkPicture, mediaIdOf, renderPicture } from './picture.ts'
import { cleanSvg } from './svg.ts'

const solid = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#a0522d' } })

const accepted = async (bytes: Buffer) => {
  const checked = await checkPicture(bytes)
  if (!checked.ok) assert.fail(checked.reason)
  return checked.picture
}
const reason = async (bytes: Buffer) => {
  const checked = await checkPicture(bytes)
  return checked.ok ? assert.fail('was accepted') : checked.reason
}

test('photographs of each format are kept, in a format that browsers show', async () => {
  for (const [format, contentType] of [
    ['png', 'image/png'],
    ['jpeg', 'image/jpeg'],
    ['webp', 'image/webp'],
    ['gif', 'image/webp'],
    ['avif', 'image/webp'],
  ] as const) {
    const picture = await accepted(await solid(40, 30).toFormat(format).toBuffer())
    assert.deepEqual([picture.contentType, picture.width, picture.height], [contentType, 40, 30], format)
    assert.equal((await sharp(Buffer.from(picture.bytes)).metadata()).width, 40)
  }
})

test('what was hidden in a photograph is gone: metadata, places, and whatever was hung onto the file', async () => {
  const jpeg = await solid(20, 20)
    .withExif({ IFD0: { Copyright: 'Somebody' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .jpeg()
    .toBuffer()
  const polyglot = Buffer.concat([jpeg, Buffer.from('<script>alert(document.domain)</script>')])
  const { bytes } = await accepted(polyglot)
  const text = Buffer.from(bytes).toString('latin1')
  assert.doesNotMatch(text, /Somebody|<script>/)
  assert.equal((await sharp(Buffer.from(bytes)).metadata()).exif, undefined)
})

test('a photograph stands upright and no larger than screens need', async () => {
  const lying = await solid(40, 20).withExif({ IFD0: {} }).jpeg().withMetadata({ orientation: 6 }).toBuffer()
  const upright = await accepted(lying)
  assert.deepEqual([upright.width, upright.height], [20, 40])
  const large = await accepted(await solid(4_800, 100).png().toBuffer())
  assert.deepEqual([large.width, large.height], [4_096, 85])
})

test('the id comes from the bytes alone', async () => {
  const png = await solid(4, 4).png().toBuffer()
  assert.match(mediaIdOf(png), /^media_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
  assert.equal((await accepted(png)).id, mediaIdOf(png))
  assert.notEqual(mediaIdOf(Buffer.concat([png, Buffer.from([0])])), mediaIdOf(png))
})

test('what is no picture, a bomb, or damaged is refused with the reason', async () => {
  assert.match(await reason(Buffer.from('')), /is no SVG, PNG/)
  assert.match(await reason(Buffer.from('GIF89a<script>alert(1)</script>')), /is damaged/)
  assert.match(await reason(Buffer.from('%PDF-1.7 and more of it')), /is no SVG, PNG/)
  assert.match(await reason(Buffer.from('<!DOCTYPE html><html><script>x</script></html>')), /is no SVG, PNG/)
  const png = await solid(50, 50).png().toBuffer()
  assert.match(await reason(png.subarray(0, png.length / 2)), /is damaged/)
  assert.match(await reason(Buffer.concat([png, Buffer.alloc(pictureBytesAtMost)])), /more than 15 MB/)
  assert.match(await reason(Buffer.from(svg('<g/>', 'width="10" height="9000"'))), /is 10 × 9000, too long/)
  assert.match(await reason(await solid(6_000, 5_000).png({ compressionLevel: 9 }).toBuffer()), /25 megapixels/)
})

test('a smaller copy is WebP, no wider than asked, never blown up', async () => {
  const picture = await accepted(await solid(1_000, 500).png().toBuffer())
  const small = await sharp(await renderPicture(picture, 320)).metadata()
  assert.deepEqual([small.format, small.width, small.height], ['webp', 320, 160])
  const tiny = await accepted(await solid(100, 50).png().toBuffer())
  assert.equal((await sharp(await renderPicture(tiny, 640)).metadata()).width, 100)
})

test('a drawing is drawn at the width that is asked for', async () => {
  const drawing = await accepted(
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M0 0H40V20Z"/></svg>'),
  )
  assert.deepEqual([drawing.contentType, drawing.width, drawing.height], ['image/svg+xml', 40, 20])
  const copy = await sharp(await renderPicture(drawing, 640)).metadata()
  assert.deepEqual([copy.format, copy.width, copy.height], ['webp', 640, 320])
})

test('the demo shop’s pictures look the same after cleaning', async () => {
  let seen = 0
  const pixels = (svg: string) => sharp(Buffer.from(svg)).resize({ width: 160 }).raw().toBuffer()
  for (const { fileName, svg } of demoPictures()) {
    const cleaned = cleanSvg(svg)
    assert.ok(cleaned, fileName)
    const without = (text: string): string => text.replace(/ xmlns(?::xlink)?="[^"]*"/g, '').replaceAll(/\s+/g, ' ')
    assert.equal(without(cleaned), without(svg), fileName)
    if (seen % 10 === 0) assert.ok((await pixels(cleaned)).equals(await pixels(svg)), fileName)
    seen += 1
  }
  assert.ok(seen > 60)
})

const svg = (inner: string, attributes = ''): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${inner}</svg>`

test('gradients, filters, patterns, clips, masks, markers and style stay', () => {
  const inner = [
    '<defs><linearGradient id="a" gradientTransform="rotate(45)"><stop offset="0" stop-color="#fff"/></linearGradient>',
    '<radialGradient id="b" fx="0.2"><stop offset="1" style="stop-color:rgb(1,2,3);stop-opacity:.5"/></radialGradient>',
    '<pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="2" height="2"/></pattern>',
    '<clipPath id="c"><use href="#s"/></clipPath><mask id="m"><circle r="4" fill="url(#a)"/></mask>',
    '<filter id="f" x="-.4"><feGaussianBlur stdDeviation="3"/><feColorMatrix type="matrix" values="1 0 0 0 0"/></filter>',
    '<marker id="k" markerWidth="4" orient="auto"><path d="M0 0L4 4"/></marker></defs>',
    '<g clip-path="url(#c)" mask="url(&quot;#m&quot;)" filter="url( \'#f\' )" transform="translate(1 2) skewX(-9)" marker-end="url(#k)">',
    '<text x="1" font-family="Georgia, serif" aria-label="Text (large)">A &amp; B &lt;</text></g>',
  ].join('')
  assert.equal(
    cleanSvg(svg(inner)),
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">${inner.replace("' )", "' )")}</svg>`,
  )
})

test('nothing in a drawing runs or reaches outside', () => {
  const vectors = [
    '<script>alert(1)</script>',
    '<script xlink:href="https://evil.example/x.js"/>',
    '<![CDATA[<script>alert(1)</script>]]>',
    '<g onload="alert(1)" onclick=\'x\'/>',
    '<a href="javascript:alert(1)"><text>x</text></a>',
    '<use href="https://evil.example/x.svg#a"/>',
    '<use xlink:href="data:image/svg+xml;base64,AAAA#x"/>',
    '<use href="&#x6a;avascript:alert(1)"/>',
    '<image href="https://evil.example/x.png"/><feImage href="https://evil.example/x.png"/>',
    '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="javascript:alert(1)"/></body></foreignObject>',
    '<style>@import url(https://evil.example/x.css); * { fill: url(https://evil.example/#a) }</style>',
    '<rect fill="url(https://evil.example/x.svg#a)"/>',
    '<rect style="fill:url(//evil.example/x.svg#a)"/>',
    '<rect style="fill:u\\72l(https://evil.example/x)"/>',
    '<rect style="background:image-set(\'https://evil.example/x\' 1x)" filter="src(\'https://evil.example\')"/>',
    '<rect style="-moz-binding:url(#x);behavior:url(#x)"/>',
    '<set attributeName="href" to="javascript:alert(1)"/><animate attributeName="xlink:href" values="javascript:alert(1)"/>',
    '<handler xmlns="http://www.w3.org/2001/xml-events">alert(1)</handler>',
    '<html:script xmlns:html="http://www.w3.org/1999/xhtml">alert(1)</html:script>',
    '<g xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></g>',
    '<!ENTITY x SYSTEM "file:///etc/passwd">&x;',
    '<title><script>alert(1)</script></title>',
    '<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>',
    '<g/onload=alert(1)><path/onmouseover=alert(1)//>',
  ]
  const forbidden =
    /<(?!\/?(?:svg|g|text|title|rect|use|path)\b)|\son\w+\s*=|evil|javascript|SYSTEM|binding|behavior|1999\/xhtml|data:|\\/i
  for (const vector of vectors) assert.doesNotMatch(cleanSvg(svg(vector)) ?? '', forbidden, vector)
  assert.doesNotMatch(cleanSvg(svg('', 'onload="alert(1)" style="fill:red;x:y"')) ?? '', /onload|x:y/)
})

test('what is not one drawing from beginning to end is refused', () => {
  for (const text of [
    '',
    'text',
    '<html><svg/></html>',
    '<?xml version="1.0"?><rss/>',
    '<svg:svg xmlns:svg="x"/>',
    svg('<g/>'.repeat(20_001)),
  ]) {
    assert.equal(cleanSvg(text), null, text.slice(0, 40))
  }
})

test('a drawing keeps its prologue’s meaning and loses its document type', async () => {
  const text =
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n<svg viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
  const picture = await accepted(Buffer.from(text))
  assert.match(Buffer.from(picture.bytes).toString(), /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
  assert.doesNotMatch(Buffer.from(picture.bytes).toString(), /DOCTYPE|made by hand/)
})

test('works beyond the limit wait, and beyond the queue are turned away', async () => {
  const run = atMost(2, 1, () => new Error('full'))
  let running = 0
  let most = 0
  const gates: (() => void)[] = []
  const work = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise<void>((resolve) => gates.push(resolve))
    running -= 1
  }
  const works = [run(work), run(work), run(work)]
  await assert.rejects(run(work), /full/)
  while (gates.length > 0) {
    gates.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(works)
  assert.equal(most, 2)
  await assert.rejects(
    run(() => Promise.reject(new Error('bad'))),
    /bad/,
  )
  assert.equal(await run(async () => 'on'), 'on', 'a failed work gives its place back')
})
