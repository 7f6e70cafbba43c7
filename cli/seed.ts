import type T from 'typebox'
import { catalog, type NewProduct } from '#contracts/catalog'
import { inventory } from '#contracts/inventory'
import { pricing } from '#contracts/pricing'
import type { Accepted, Refused } from '#kernel/contract'
import type { ClientOf } from '#kernel/host'
import { partsPerMillion } from '#kernel/money'
import { demoCategories } from '../demo/categories.ts'
import { demoPictures } from '../demo/demo-pictures.ts'
import { type DemoProduct, type DemoVariant, locations } from '../demo/demo-shop.ts'
import { demoProducts } from '../demo/products.ts'
import { type DemoPromotion, demoPromotions } from '../demo/promotions.ts'

type Pictures = ReadonlyMap<string, { readonly mediaId: string; readonly url: string }>
type Market = { readonly code: string; readonly currency: string }

/** Products put side by side: enough to keep the databases busy, few enough to leave the machine usable. */
const atOnce = 8

/** Fills a shop with the demo goods. Every step may be done twice, so a start that was killed half-way can go on. */
export async function seedDemoShop(client: ClientOf, onProgress: (step: string) => void): Promise<void> {
  onProgress('drawing the demo shop’s pictures')
  const pictures = await storePictures(client)
  onProgress('seeding the demo shop')
  await seedCategories(client, pictures)
  const places = accepted(await client(inventory).ensureLocations({ names: locations.map(({ name }) => name) })).items
  const { items: markets } = accepted(await client(pricing).markets({}))
  for (let at = 0; at < demoProducts.length; at += atOnce) {
    await Promise.all(
      demoProducts.slice(at, at + atOnce).map((product) => seedProduct(client, product, pictures, markets, places)),
    )
  }
  for (const promotion of demoPromotions) await seedPromotion(client, promotion, markets)
}

async function storePictures(client: ClientOf): Promise<Pictures> {
  const stored = new Map<string, { mediaId: string; url: string }>()
  for (const { fileName, svg } of demoPictures()) {
    const { mediaId, url } = accepted(await client(catalog).putMedia({ base64: Buffer.from(svg).toString('base64') }))
    stored.set(fileName, { mediaId, url })
  }
  return stored
}

async function seedCategories(client: ClientOf, pictures: Pictures): Promise<void> {
  const categories = demoCategories.map(({ handle, title, description, picture }, position) => ({
    handle,
    title,
    description,
    position,
    mediaUrl: pictures.get(picture.fileName)?.url ?? null,
  }))
  accepted(await client(catalog).putCategories({ categories }))
}

async function seedProduct(
  client: ClientOf,
  demo: DemoProduct,
  pictures: Pictures,
  markets: readonly Market[],
  places: readonly { readonly id: string; readonly name: string }[],
): Promise<void> {
  const media = demo.pictures.flatMap(({ fileName, alt }) => {
    const picture = pictures.get(fileName)
    return picture ? [{ mediaId: picture.mediaId, alt }] : []
  })
  const product = accepted(await client(catalog).putProduct({ product: productOf(demo, pictures), media }))
  const variants = demo.variants.flatMap((variant) => {
    const made = product.variants.find(({ sku }) => sku === variant.sku)
    return made ? [{ ...variant, id: made.id }] : []
  })
  const prices = variants.flatMap((variant) => markets.flatMap((market) => priceOf(variant, market)))
  accepted(await client(pricing).setPrices({ productId: product.id, prices }))
  const levels = variants.flatMap(({ id, stock }) =>
    locations.map(({ handle, name }) => ({
      variantId: id,
      locationId: places.find((place) => place.name === name)?.id ?? null,
      onHand: stock[handle],
    })),
  )
  accepted(await client(inventory).setLevels({ levels, reason: 'demo' }))
}

const attributeTitles = { color: 'Color', material: 'Material', origin: 'Origin' } as const

function productOf(demo: DemoProduct, pictures: Pictures): T.Static<typeof NewProduct> {
  // Colors are options of some goods and attributes of others; listings narrow by the one name.
  const attributes = (['color', 'material', 'origin'] as const).flatMap((key) =>
    demo.attributes[key].length > 0 ? [{ name: attributeTitles[key], values: [...demo.attributes[key]] }] : [],
  )
  return {
    handle: demo.handle,
    title: demo.title,
    descriptionHtml: demo.descriptionHtml,
    vendor: demo.vendor,
    tags: [...demo.tags],
    status: 'active',
    categories: [demo.category],
    attributes,
    options: demo.options.map(({ name, values }) => ({ name, values: [...values] })),
    seo: demo.seo,
    variants: demo.variants.map((variant) => ({
      sku: variant.sku,
      barcode: variant.barcode,
      options: { ...variant.options },
      grams: variant.weightGrams,
      requiresShipping: true,
      taxable: true,
      inventoryPolicy: variant.policy,
      inventoryTracked: true,
      mediaId: pictures.get(variant.picture)?.mediaId ?? null,
    })),
  }
}

/** The demo goods have prices in two currencies; a market of another sells none of them. */
function priceOf(variant: DemoVariant & { readonly id: string }, { code, currency }: Market) {
  const amount = (variant.price as Readonly<Record<string, number>>)[currency]
  if (amount === undefined) return []
  const compareAtAmount = (variant.compareAtPrice as Readonly<Record<string, number>> | undefined)?.[currency] ?? null
  return [{ variantId: variant.id, market: code, amount, compareAtAmount }]
}

async function seedPromotion(client: ClientOf, demo: DemoPromotion, markets: readonly Market[]): Promise<void> {
  const byMarket = (amounts: Readonly<Record<string, number>> | undefined): Record<string, number> =>
    Object.fromEntries(
      markets.flatMap(({ code, currency }) => (amounts?.[currency] === undefined ? [] : [[code, amounts[currency]]])),
    )
  const { gives } = demo
  accepted(
    await client(pricing).createPromotion(
      {
        label: demo.title,
        code: demo.code ?? null,
        kind: gives.kind === 'percentage' ? 'percentage' : 'fixed',
        rate: gives.kind === 'percentage' ? (gives.percent * partsPerMillion) / 100 : null,
        amounts: gives.kind === 'amount' ? byMarket(gives.amount) : {},
        minimums: byMarket(demo.minimum),
        categories: demo.category ? [demo.category] : [],
        startsAt: null,
        endsAt: null,
        usageLimit: demo.limits.total ?? null,
        usageLimitPerCustomer: demo.limits.perCustomer ?? null,
        active: true,
      },
      { key: `demo-${demo.handle}` },
    ),
  )
}

function accepted<V>(outcome: Accepted<V> | Refused): V {
  if (outcome.ok) return outcome.value
  throw new Error(`seed: ${outcome.refusal.type}: ${outcome.refusal.detail}`)
}
