/** The mark of the shop: one bay of a colonnade, and light in it. */
export const markSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#173a68"/><path d="M12 52V29a20 20 0 0 1 40 0v23H41V30a9 9 0 0 0-18 0v22Z" fill="#f6f3ec"/><path d="M23 52V30a9 9 0 0 1 18 0v22Z" fill="#efb43f"/></svg>`

/** For home screens, which cut their own corners. */
const fullBleed = markSvg
  .replace(' rx="14"', '')
  .replace('viewBox="0 0 64 64"', 'viewBox="-8 -8 80 80"')
  .replace('<rect ', '<rect x="-8" y="-8" ')
  .replace('width="64" height="64"', 'width="80" height="80"')

/** The icons that browsers and home screens ask for, drawn once and kept with the build. */
export async function icons(): Promise<[string, Buffer][]> {
  const { default: sharp } = await import('sharp')
  const png = (svg: string, size: number): Promise<Buffer> =>
    sharp(Buffer.from(svg), { density: 300 }).resize(size, size).png({ compressionLevel: 9 }).toBuffer()
  const [small, touch, medium, large] = await Promise.all([
    png(markSvg, 48),
    png(fullBleed, 180),
    png(fullBleed, 192),
    png(fullBleed, 512),
  ])
  return [
    ['favicon.svg', Buffer.from(markSvg)],
    ['favicon.ico', ico(small, 48)],
    ['apple-touch-icon.png', touch],
    ['icon-192.png', medium],
    ['icon-512.png', large],
  ]
}

/** An ICO file is a directory of one entry before a PNG (Microsoft's format since Windows Vista). */
function ico(png: Buffer, size: number): Buffer {
  const header = Buffer.alloc(22)
  header.writeUInt16LE(1, 2)
  header.writeUInt16LE(1, 4)
  header.writeUInt8(size, 6)
  header.writeUInt8(size, 7)
  header.writeUInt16LE(1, 10)
  header.writeUInt16LE(32, 12)
  header.writeUInt32LE(png.length, 14)
  header.writeUInt32LE(22, 18)
  return Buffer.concat([header, png])
}
