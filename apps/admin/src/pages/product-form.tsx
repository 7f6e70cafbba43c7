import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { type UseFormReturn, useForm } from 'react-hook-form'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, get, patch } from '../api.ts'
import type { Product } from '../product.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Notice, Select, Sheet, TextArea, TextField } from '../ui/kit.tsx'
import { Unsaved } from '../ui/unsaved.tsx'
import { changeOf, differing, fieldTitles, type ProductValues, valuesOf } from './product-values.ts'
import { VariantFields } from './variant-fields.tsx'

type ErrorOf = (field: string) => string | undefined
export type FormPart = { form: UseFormReturn<ProductValues>; errorOf: ErrorOf; readOnly: boolean }

const fields = [
  'title',
  'handle',
  'status',
  'descriptionHtml',
  'vendor',
  'productType',
  'tags',
  'categories',
  'seo/title',
  'seo/description',
  'variants',
]

/**
 * A product's own fields. The form stands on the version it was opened with: when somebody else saves meanwhile it says
 * what they changed, and keeps what was typed here until its owner decides.
 */
export function ProductForm({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const [base, setBase] = useState(product)
  const form = useForm<ProductValues>({ defaultValues: valuesOf(product) })
  const { isDirty } = form.formState
  const save = useCommand(
    async (values: ProductValues) => {
      const saved = await patch<Product>(`/api/admin/products/${product.id}`, {
        version: base.version,
        ...changeOf(valuesOf(base), values),
      })
      form.reset(values)
      return saved
    },
    { fields },
  )
  const isOutdated = product.version > base.version
  // A newer version in which only other things changed, such as pictures, takes nothing from what was typed here.
  const isSame = differing(valuesOf(base), valuesOf(product)).length === 0
  useEffect(() => {
    if (!isOutdated || (isDirty && !isSame)) return
    setBase(product)
    if (!isSame) form.reset(valuesOf(product))
  }, [isOutdated, isDirty, isSame, product, form])
  const decide = (keepMine: boolean): void => {
    setBase(product)
    form.reset(valuesOf(product), { keepDirtyValues: keepMine })
    // What was typed belongs to rows: where rows came or went it would land in others.
    const ids = (of: Product): string => of.variants.map(({ id }) => id).join()
    if (ids(base) !== ids(product)) form.resetField('variants', { defaultValue: valuesOf(product).variants })
    save.reset()
  }
  const part: FormPart = { form, errorOf: save.errorOf, readOnly }
  const isConflict = save.error?.type === '/problems/catalog/version-conflict'
  return (
    <form
      onSubmit={form.handleSubmit((values) => save.run(values))}
      className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]"
    >
      <Unsaved dirty={isDirty && !save.running} />
      {isOutdated && isDirty && !isSame ? (
        <div className="lg:col-span-2">
          <Conflict base={base} theirs={product} mine={form.getValues()} onDecide={decide} />
        </div>
      ) : null}
      {save.message && !isConflict ? (
        <div className="lg:col-span-2">
          <Notice>{save.message}</Notice>
        </div>
      ) : null}
      <div className="flex min-w-0 flex-col gap-5">
        <Words {...part} />
        <VariantFields {...part} product={base} />
      </div>
      <Sorting {...part} />
      {readOnly ? null : (
        <div className="sticky bottom-0 z-10 flex items-center justify-end gap-3 rounded-t-xl border border-b-0 border-line bg-sheet px-4 py-2.5 lg:col-span-2">
          <p role="status" className="mr-auto text-sm text-soft">
            {save.running ? 'Saving …' : isDirty ? 'Not saved yet' : 'Everything is saved'}
          </p>
          <Button onClick={() => form.reset()} disabled={save.running || !isDirty}>
            Undo
          </Button>
          <Button kind="primary" type="submit" disabled={save.running || !isDirty || isOutdated}>
            Save
          </Button>
        </div>
      )}
    </form>
  )
}

/** Somebody else saved first. Nothing is overwritten and nothing lost until a person has seen both. */
function Conflict({
  base,
  theirs,
  mine,
  onDecide,
}: {
  base: Product
  theirs: Product
  mine: ProductValues
  onDecide: (keepMine: boolean) => void
}) {
  const changed = differing(valuesOf(base), valuesOf(theirs))
  const typed = differing(valuesOf(base), mine)
  const both = changed.filter((field) => typed.includes(field))
  const names = (of: readonly (keyof ProductValues)[]): string => of.map((field) => fieldTitles[field]).join(', ')
  return (
    <Notice tone="warn">
      <p className="font-semibold">Somebody else changed this product meanwhile.</p>
      <p>They changed: {names(changed) || 'nothing that this form shows'}.</p>
      <p>You changed: {names(typed)}.</p>
      {both.map((field) => (
        <p key={field} className="mt-1 break-words">
          {fieldTitles[field]} is now {shownAs(valuesOf(theirs)[field])}, yours is {shownAs(mine[field])}.
        </p>
      ))}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button onClick={() => onDecide(true)}>Keep my changes on top of theirs</Button>
        <Button onClick={() => onDecide(false)}>Take theirs, drop mine</Button>
      </div>
    </Notice>
  )
}

/** Long enough to recognize a text by. */
const excerptLength = 80
function shownAs(value: ProductValues[keyof ProductValues]): string {
  const text = typeof value === 'string' ? value : value.every((one) => typeof one === 'string') ? value.join(', ') : ''
  if (typeof value !== 'string' && text === '') return value.length === 0 ? 'empty' : 'another list'
  return text === '' ? 'empty' : `“${text.length > excerptLength ? `${text.slice(0, excerptLength)} …` : text}”`
}

function Words({ form, errorOf, readOnly }: FormPart) {
  return (
    <Sheet title="Words">
      <div className="flex flex-col gap-4">
        <TextField
          label="Title"
          required
          maxLength={255}
          disabled={readOnly}
          {...form.register('title')}
          error={errorOf('title')}
        />
        <TextArea
          label="Description (HTML)"
          rows={9}
          disabled={readOnly}
          {...form.register('descriptionHtml')}
          error={errorOf('descriptionHtml')}
        />
        <TextField
          label="Title for search engines"
          maxLength={255}
          disabled={readOnly}
          {...form.register('seoTitle')}
          error={errorOf('seo/title')}
        />
        <TextArea
          label="Description for search engines"
          rows={2}
          maxLength={1_000}
          disabled={readOnly}
          {...form.register('seoDescription')}
          error={errorOf('seo/description')}
        />
      </div>
    </Sheet>
  )
}

function Sorting({ form, errorOf, readOnly }: FormPart) {
  const categories = useQuery({
    queryKey: ['categories'],
    queryFn: () => get<Answer<typeof catalog, 'categories'>>('/api/categories'),
  })
  return (
    <Sheet title="Where it stands">
      <div className="flex flex-col gap-4">
        <Select label="State" disabled={readOnly} {...form.register('status')} error={errorOf('status')}>
          <option value="active">active: on sale</option>
          <option value="draft">draft: only seen here</option>
          <option value="archived">archived: kept, not sold</option>
        </Select>
        <TextField
          label="Address in the shop"
          required
          maxLength={255}
          disabled={readOnly}
          {...form.register('handle')}
          error={errorOf('handle')}
        />
        {categories.data && categories.data.items.length > 0 ? (
          <fieldset disabled={readOnly}>
            <legend className="mb-1 text-sm font-medium">Categories</legend>
            <div className="flex max-h-48 flex-col gap-1 overflow-y-auto">
              {categories.data.items.map(({ handle, title }) => (
                <label key={handle} className="flex items-center gap-2">
                  <input type="checkbox" className="size-4" value={handle} {...form.register('categories')} />
                  {title}
                </label>
              ))}
            </div>
            {errorOf('categories') ? <p className="mt-1 text-sm text-danger">{errorOf('categories')}</p> : null}
          </fieldset>
        ) : null}
        <TextField
          label="Tags"
          hint="Separated by commas"
          disabled={readOnly}
          {...form.register('tags')}
          error={errorOf('tags')}
        />
        <TextField
          label="Maker"
          maxLength={255}
          disabled={readOnly}
          {...form.register('vendor')}
          error={errorOf('vendor')}
        />
        <TextField
          label="Type"
          maxLength={255}
          disabled={readOnly}
          {...form.register('productType')}
          error={errorOf('productType')}
        />
      </div>
    </Sheet>
  )
}
