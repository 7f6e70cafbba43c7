import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRootRoute, createRoute, createRouter, Link, RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api.ts'
import { Frame } from './frame.tsx'
import { DeadLettersPage } from './pages/dead-letters.tsx'
import { GiftCardPage } from './pages/gift-card.tsx'
import { GiftCardsPage } from './pages/gift-cards.tsx'
import { HomePage } from './pages/home.tsx'
import { ImportPage } from './pages/import.tsx'
import { ImportsPage } from './pages/imports.tsx'
import { MailPage, MailsPage } from './pages/mails.tsx'
import { OrderPage } from './pages/order.tsx'
import { OrdersPage } from './pages/orders.tsx'
import { ProductPage } from './pages/product.tsx'
import { ProductsPage } from './pages/products.tsx'
import { PromotionsPage } from './pages/promotions.tsx'
import { StaffPage } from './pages/staff.tsx'
import { StockPage } from './pages/stock-list.tsx'
import { linkClass, Notice, PageHead } from './ui/kit.tsx'
import './styles.css'

const root = createRootRoute({
  component: Frame,
  notFoundComponent: () => (
    <>
      <PageHead title="There is no such page" />
      <Link to="/" className={linkClass}>
        To the first page
      </Link>
    </>
  ),
  errorComponent: ({ error }: { error: unknown }) => (
    <main className="mx-auto max-w-xl p-8">
      <PageHead title="This page broke" />
      <Notice>{error instanceof Error ? error.message : 'Reload the page to go on.'}</Notice>
    </main>
  ),
})
const page = <const P extends string>(path: P, component: () => React.ReactNode) =>
  createRoute({ getParentRoute: () => root, path, component })

const router = createRouter({
  basepath: '/admin',
  routeTree: root.addChildren([
    page('/', HomePage),
    page('/orders', OrdersPage),
    page('/orders/$orderId', OrderPage),
    page('/products', ProductsPage),
    page('/products/$productId', ProductPage),
    page('/stock', StockPage),
    page('/promotions', PromotionsPage),
    page('/gift-cards', GiftCardsPage),
    page('/gift-cards/$giftCardId', GiftCardPage),
    page('/imports', ImportsPage),
    page('/imports/$importId', ImportPage),
    page('/mails', MailsPage),
    page('/mails/$mailId', MailPage),
    page('/dead-letters', DeadLettersPage),
    page('/staff', StaffPage),
  ]),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

/** The session ended: ask who is signed in, and the frame asks for the password. */
const onError = (error: Error): void => {
  if (error instanceof ApiError && error.status === 401) void queries.invalidateQueries({ queryKey: ['session'] })
}
const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    // What was refused will be refused again; what broke on the way may work.
    queries: { retry: (count, error) => count < 2 && !(error instanceof ApiError && error.isDecided) },
  },
})

const element = document.getElementById('root')
if (element) {
  createRoot(element).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}
