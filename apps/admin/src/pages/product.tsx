import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useForm } from 'react-hook-form'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, get, patch } from '../api.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Badge, Button, Notice, PageHead, Select, Sheet, TextArea, TextField } from '../ui/kit.tsx'
import { PricesSheet, StockSheet } from './variants.tsx'

export type Product = Answer<typeof catalog, 'adminProduct'>

export function ProductPage() {
  const { productId } = useParams({ from: '/products/$productId' })
  const found = useQuery({
    queryKey: ['product', productId],
    queryFn: () => get<Product>(`/api/admin/products/${productId}`),
  })
  const may = useMay()
  if (found.isPending) return <p className="text-soft">Loading …</p>
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const product = found.data
  return (
    <>
      <PageHead title={product.title}>
        <Badge state={product.status} />
        {product.status === 'active' ? (
          <a className="text-sm underline underline-offset-2" href={`/products/${encodeURIComponent(product.handle)}`}>
            See it in the shop
          </a>
        ) : null}
      </PageHead>
      <div className="flex flex-col gap-5">
        {/* A new version is a new form: what somebody else saved is never typed over unseen. */}
        <Words key={product.version} product={product} readOnly={!may('catalog:write')} />
        <PricesSheet key={`prices ${product.version}`} product={product} readOnly={!may('pricing:write')} />
        {may('inventory:read') ? <StockSheet product={product} readOnly={!may('inventory:write')} /> : null}
      </div>
    </>
  )
}

type WordsForm = {
  title: string
  handle: string
  status: string
  descriptionHtml: string
  vendor: string
  productType: string
  tags: string
  seoTitle: string
  seoDescription: string
}

const orNull = (text: string): string | null => text.trim() || null

function Words({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const form = useForm<WordsForm>({
    defaultValues: {
      title: product.title,
      handle: product.handle,
      status: product.status,
      descriptionHtml: product.descriptionHtml,
      vendor: product.vendor ?? '',
      productType: product.productType ?? '',
      tags: product.tags.join(', '),
      seoTitle: product.seo.title ?? '',
      seoDescription: product.seo.description ?? '',
    },
  })
  const save = useCommand((values: WordsForm) =>
    patch(`/api/admin/products/${product.id}`, {
      version: product.version,
      title: values.title,
      handle: values.handle,
      status: values.status,
      descriptionHtml: values.descriptionHtml,
      vendor: orNull(values.vendor),
      productType: orNull(values.productType),
      tags: values.tags
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean),
      seo: { title: orNull(values.seoTitle), description: orNull(values.seoDescription) },
    }),
  )
  return (
    <Sheet
      title="Words"
      actions={
        readOnly ? null : (
          <Button kind="primary" type="submit" form="words" disabled={save.running || !form.formState.isDirty}>
            {save.running ? 'Saving …' : 'Save'}
          </Button>
        )
      }
    >
      <form id="words" onSubmit={form.handleSubmit((values) => save.run(values))} className="grid gap-4 md:grid-cols-2">
        {save.message ? (
          <div className="md:col-span-2">
            <Notice>{save.message}</Notice>
          </div>
        ) : null}
        <TextField
          label="Title"
          required
          disabled={readOnly}
          {...form.register('title')}
          error={save.errorOf('title')}
        />
        <TextField
          label="Address in the shop"
          required
          disabled={readOnly}
          {...form.register('handle')}
          error={save.errorOf('handle')}
        />
        <Select label="State" disabled={readOnly} {...form.register('status')}>
          <option value="active">active: on sale</option>
          <option value="draft">draft: only seen here</option>
          <option value="archived">archived: kept, not sold</option>
        </Select>
        <TextField
          label="Tags"
          hint="Separated by commas"
          disabled={readOnly}
          {...form.register('tags')}
          error={save.errorOf('tags')}
        />
        <TextField label="Maker" disabled={readOnly} {...form.register('vendor')} error={save.errorOf('vendor')} />
        <TextField
          label="Type"
          disabled={readOnly}
          {...form.register('productType')}
          error={save.errorOf('productType')}
        />
        <div className="md:col-span-2">
          <TextArea
            label="Description (HTML)"
            rows={8}
            disabled={readOnly}
            {...form.register('descriptionHtml')}
            error={save.errorOf('descriptionHtml')}
          />
        </div>
        <TextField
          label="Title for search engines"
          disabled={readOnly}
          {...form.register('seoTitle')}
          error={save.errorOf('seo')}
        />
        <TextField label="Description for search engines" disabled={readOnly} {...form.register('seoDescription')} />
      </form>
    </Sheet>
  )
}
