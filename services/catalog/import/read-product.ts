import { compileCheck } from '#kernel/validation'
import { type CatalogProduct, ProductAttributes } from '../contract.ts'
import type { ProductWish } from '../product.ts'
import type { StoredCategory } from '../store/port.ts'
import { categoryOf, isHandle, titleOf } from './category-of.ts'
import type { Columns, Field } from './columns.ts'
import { type Fault, type Row, RowReader } from './row-reader.ts'

const statuses = { active: 'active', draft: 'draft', archived: 'archived' } as const

/** The fields that a product has once. They may stand in any of its rows, and the first that says something counts. */
export function readProduct(
  columns: Columns,
  rows: readonly Row[],
  current: CatalogProduct | null,
): { readonly wish: ProductWish } | { readonly fault: Fault; readonly row: number } {
  const readers = rows.map((row) => new RowReader(columns, row))
  const [first] = readers
  if (!first) throw new Error('catalog: a product without rows')
  const that = (field: Field): RowReader => readers.find((reader) => reader.text(field) !== '') ?? first
  const has = (field: Field): boolean => columns.indexOf[field] !== undefined
  const title = that('title').line('title', 255)
  if (!title && !current) first.fail('title', 'is missing')
  const status = that('status').choice('status', statuses)
  const published = that('published').flag('published')
  checkCategories(that('categories'))
  const wish: ProductWish = {
    ...(title ? { title } : {}),
    ...(has('description') ? { descriptionHtml: that('description').html('description') } : {}),
    ...(has('vendor') ? { vendor: that('vendor').line('vendor', 255) ?? null } : {}),
    ...(has('type') ? { productType: that('type').line('type', 255) ?? null } : {}),
    ...(has('tags') ? { tags: tagsOf(that('tags').text('tags')) } : {}),
    ...(has('status') || has('published') ? { status: statusOf(status, published) } : {}),
    ...(has('giftCard') ? { isGiftCard: that('giftCard').flag('giftCard') ?? false } : {}),
    ...(has('seoTitle') || has('seoDescription')
      ? {
          seo: {
            title: has('seoTitle') ? (that('seoTitle').line('seoTitle', 255) ?? null) : (current?.seo.title ?? null),
            description: has('seoDescription')
              ? (that('seoDescription').line('seoDescription', 1_000) ?? null)
              : (current?.seo.description ?? null),
          },
        }
      : {}),
    ...(has('attributes') ? { attributes: readAttributes(that('attributes')) } : {}),
  }
  const faulty = readers.find(({ fault }) => fault !== null)
  return faulty?.fault ? { fault: faulty.fault, row: faulty.row } : { wish }
}

/** How an export writes that a product with a type is in no category; no handle can be that. */
export const noCategories = '/'

function checkCategories(reader: RowReader): void {
  const text = reader.text('categories')
  if (text === '' || text === noCategories) return
  const wrong = text.split(/\s+/).find((handle) => !isHandle(handle))
  if (wrong !== undefined) reader.fail('categories', `"${wrong.slice(0, 60)}" is no handle of a category`)
}

const tagsOf = (text: string): string[] =>
  text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')

/** What is not published is not for sale here, whatever its status. */
function statusOf(
  status: CatalogProduct['status'] | null | undefined,
  published: boolean | null | undefined,
): CatalogProduct['status'] {
  if (status === 'draft' || status === 'archived') return status
  return published === false ? 'draft' : 'active'
}

const checkAttributes = compileCheck(ProductAttributes, { coerce: false })

/** A list, as the API has it: the names of an object would lose their order where they are numbers. */
function readAttributes(reader: RowReader): NonNullable<ProductWish['attributes']> {
  const text = reader.text('attributes')
  if (text === '') return []
  try {
    return checkAttributes(JSON.parse(text))
  } catch {
    reader.fail('attributes', 'is not of the form [{"name": "Material", "values": ["Oak"]}]')
    return []
  }
}

/** What stands in our own column, or else the category of the type; a category that the type gave before goes with it. */
export function readCategories(
  columns: Columns,
  rows: readonly Row[],
  wish: ProductWish,
  current: CatalogProduct | null,
): { wish: Pick<ProductWish, 'categories'>; added: Pick<StoredCategory, 'handle' | 'title'>[] } {
  const type = wish.productType === undefined ? (current?.productType ?? null) : wish.productType
  const given = categoryOf(type, wish.extra ?? {})
  const before = current && categoryOf(current.productType, current.extra)
  const named = rows.map((row) => new RowReader(columns, row).text('categories')).find((text) => text !== '')
  if (named !== undefined) {
    const handles = named === noCategories ? [] : [...new Set(named.split(/\s+/))]
    const added = handles.map((handle) => (handle === given?.handle ? given : { handle, title: titleOf(handle) }))
    return { wish: { categories: handles }, added }
  }
  if (!current || columns.indexOf.categories !== undefined) {
    return { wish: { categories: given ? [given.handle] : [] }, added: given ? [given] : [] }
  }
  if (given?.handle === before?.handle) return { wish: {}, added: [] }
  const others = current.categories.filter((handle) => handle !== before?.handle)
  return { wish: { categories: [...(given ? [given.handle] : []), ...others] }, added: given ? [given] : [] }
}
