import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api.ts'
import { Frame } from './frame.tsx'
import { ImportPage, ImportsPage } from './pages/imports.tsx'
import { MailPage, MailsPage } from './pages/mails.tsx'
import { OrderPage } from './pages/order.tsx'
import { OrdersPage } from './pages/orders.tsx'
import { ProductPage } from './pages/product.tsx'
import { ProductsPage } from './pages/products.tsx'
import { PromotionsPage } from './pages/promotions.tsx'
import { StaffPage } from './pages/staff.tsx'
import './styles.css'

const root = createRootRoute({ component: Frame })
const page = <const P extends string>(path: P, component: () => React.ReactNode) =>
  createRoute({ getParentRoute: () => root, path, component })

const router = createRouter({
  basepath: '/admin',
  routeTree: root.addChildren([
    page('/', OrdersPage),
    page('/orders/$orderId', OrderPage),
    page('/products', ProductsPage),
    page('/products/$productId', ProductPage),
    page('/promotions', PromotionsPage),
    page('/imports', ImportsPage),
    page('/imports/$importId', ImportPage),
    page('/mails', MailsPage),
    page('/mails/$mailId', MailPage),
    page('/staff', StaffPage),
  ]),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

const queries = new QueryClient({
  defaultOptions: {
    // What was refused will be refused again; what broke on the way may work.
    queries: {
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status > 0 && error.status < 500),
    },
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
