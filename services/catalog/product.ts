import { isDeepStrictEqual } from 'node:util'
import type T from 'typebox'
import type { DeepReadonly } from '#kernel/contract'
import { type CatalogProduct, type Media, mediaAtMost, type NewProduct } from './contract.ts'
import { cleanText } from './html.ts'
import {
  cleanAttributes,
  cleanDescription,
  cleanExtra,
  cleanHandle,
  cleanTags,
  line,
  optionalLine,
  Wrong,
} from './product-fields.ts'
import { checkVariants, cleanOptions, composeVariants, optionsOf } from './product-variants.ts'

type Given = DeepReadonly<T.Static<typeof NewProduct>>

/** What is wished of a product: what is absent stays, or is at its default in a new one. */
export type ProductWish = Partial<Given> & { readonly media?: DeepReadonly<T.Static<typeof Media>[]> }

export type Composed =
  | { readonly ok: true; readonly product: CatalogProduct }
  | { readonly ok: false; readonly field: string; readonly message: string }

/**
 * Makes the product that results from a wish: texts cleaned, options and variants agreeing with each other. When nothing
 * differs, the answer is `current` itself; else its version is one higher.
 * @param facts.variantId makes the id of a variant that is new, by its index among the wished ones
 */
export function composeProduct(
  current: CatalogProduct | null,
  wish: ProductWish & { readonly id: string },
  facts: { readonly now: string; readonly variantId: (index: number) => string },
): Composed {
  try {
    const product = compose(current, wish, facts)
    if (current === null) return { ok: true, product }
    const same = isDeepStrictEqual({ ...product, version: 0, updatedAt: '' }, { ...current, version: 0, updatedAt: '' })
    return { ok: true, product: same ? current : product }
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, field: error.field, message: error.message }
    throw error
  }
}

function compose(
  current: CatalogProduct | null,
  wish: ProductWish & { readonly id: string },
  { now, variantId }: { readonly now: string; readonly variantId: (index: number) => string },
): CatalogProduct {
  const media = wish.media
    ? wish.media.map((one) => ({ ...one, alt: cleanText(one.alt).trim() }))
    : (current?.media ?? [])
  if (media.length > mediaAtMost) throw new Wrong('media', `has more than ${mediaAtMost} pictures`)
  const wished = wish.variants ?? current?.variants ?? []
  const options = cleanOptions(wish.options ?? (current ? current.options : optionsOf(wished)))
  const mediaIds = new Set(media.map(({ id }) => id))
  const variants = composeVariants(wished, options, current?.variants ?? [], mediaIds, variantId)
  checkVariants(variants)
  return {
    id: wish.id,
    handle: cleanHandle(wish.handle ?? current?.handle ?? ''),
    title: line('title', wish.title ?? current?.title ?? '', 255),
    descriptionHtml: cleanDescription(wish.descriptionHtml ?? current?.descriptionHtml ?? ''),
    vendor: optionalLine('vendor', wish.vendor, current?.vendor, 255),
    productType: optionalLine('productType', wish.productType, current?.productType, 255),
    tags: cleanTags(wish.tags ?? current?.tags ?? []),
    status: wish.status ?? current?.status ?? 'active',
    isGiftCard: wish.isGiftCard ?? current?.isGiftCard ?? false,
    categories: [...new Set(wish.categories ?? current?.categories ?? [])],
    attributes: cleanAttributes(wish.attributes ?? current?.attributes ?? []),
    options: options.map(({ name, values }) => ({
      name,
      // A value that no variant has would be offered to shoppers and lead nowhere.
      values: values.filter((value) => variants.some((one) => one.options[name] === value)),
    })),
    seo: {
      title: optionalLine('seo/title', wish.seo?.title, current?.seo.title, 255),
      description: optionalLine('seo/description', wish.seo?.description, current?.seo.description, 1_000),
    },
    extra: cleanExtra('extra', wish.extra ?? current?.extra ?? {}),
    variants,
    media: media.map((one) => ({ ...one })),
    version: (current?.version ?? 0) + 1,
    createdAt: current?.createdAt ?? now,
    updatedAt: now,
  }
}
