import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { get } from '../api.ts'
import type { Product } from '../product.ts'
import { useMay } from '../session.ts'
import { Badge, Loading, linkClass, Notice, PageHead, Sheet } from '../ui/kit.tsx'
import { PricesSheet } from './prices.tsx'
import { ProductForm } from './product-form.tsx'
import { StockSheet } from './stock.tsx'

export function ProductPage() {
  const { productId } = useParams({ from: '/products/$productId' })
  const found = useQuery({
    queryKey: ['product', productId],
    queryFn: () => get<Product>(`/api/admin/products/${productId}`),
  })
  const may = useMay()
  if (found.isPending) return <Loading />
  if (found.isError && !found.data) return <Notice>{found.error.message}</Notice>
  const product = found.data
  return (
    <>
      <PageHead title={product.title}>
        <Badge state={product.status} />
        {product.status === 'active' ? (
          <a className={`text-sm ${linkClass}`} href={`/products/${encodeURIComponent(product.handle)}`}>
            See it in the shop
          </a>
        ) : null}
      </PageHead>
      <div className="flex flex-col gap-5">
        <ProductForm key={product.id} product={product} readOnly={!may('catalog:write')} />
        <PricesSheet key={`prices ${product.id}`} product={product} readOnly={!may('pricing:write')} />
        {may('inventory:read') ? <StockSheet product={product} readOnly={!may('inventory:write')} /> : null}
        <Pictures product={product} />
      </div>
    </>
  )
}

function Pictures({ product: { media } }: { product: Product }) {
  if (media.length === 0) return null
  return (
    <Sheet title="Pictures">
      <ul className="flex flex-wrap gap-3">
        {media.map(({ id, url, sourceUrl, alt }) => (
          <li key={id} className="w-28">
            {url ? (
              <img
                src={`${url}?w=320`}
                alt={alt}
                width="112"
                height="112"
                loading="lazy"
                className="size-28 rounded-lg border border-line object-cover"
              />
            ) : (
              <a
                href={sourceUrl ?? ''}
                rel="noreferrer"
                className={`grid size-28 place-items-center rounded-lg border border-line bg-ground p-2 text-center text-sm ${linkClass}`}
              >
                Only its address is known
              </a>
            )}
            <p className="mt-1 text-[0.8125rem] leading-snug text-soft">{alt || 'Without a description'}</p>
          </li>
        ))}
      </ul>
    </Sheet>
  )
}
