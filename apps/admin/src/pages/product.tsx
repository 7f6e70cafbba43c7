import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { get } from '../api.ts'
import type { Product } from '../product.ts'
import { useMay } from '../session.ts'
import { Badge, Loading, linkClass, Notice, PageHead } from '../ui/kit.tsx'
import { PicturesSheet } from './pictures.tsx'
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
        <PicturesSheet product={product} readOnly={!may('catalog:write')} />
      </div>
    </>
  )
}
