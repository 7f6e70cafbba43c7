import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { post } from './api.ts'
import { SignIn } from './pages/sign-in.tsx'
import { useMay, useSession } from './session.ts'
import { Button, Notice } from './ui/kit.tsx'

const places = [
  { to: '/', title: 'Orders', needs: 'orders:read' },
  { to: '/products', title: 'Products', needs: 'catalog:read' },
  { to: '/promotions', title: 'Promotions', needs: 'pricing:read' },
  { to: '/imports', title: 'Import and export', needs: 'catalog:read' },
  { to: '/mails', title: 'Mails', needs: 'mail:read' },
  { to: '/staff', title: 'Staff', needs: 'staff:read' },
] as const

/** The sign-in form until somebody of the staff is signed in; then the places they may go to. */
export function Frame() {
  const session = useSession()
  const may = useMay()
  const queries = useQueryClient()
  const signOut = async (): Promise<void> => {
    await post('/api/auth/sign-out', {})
    queries.clear()
    window.location.assign('/admin')
  }
  if (session.isPending) return <p className="p-8 text-center text-soft">Loading …</p>
  if (session.isError)
    return (
      <div className="mx-auto max-w-md p-8">
        <Notice>{session.error.message}</Notice>
      </div>
    )
  const who = session.data.session
  if (who?.kind !== 'staff') return <SignIn />
  return (
    <div className="min-h-screen md:grid md:grid-cols-[13.5rem_1fr]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:left-3 focus:top-3 focus:bg-sheet focus:p-2"
      >
        Skip to content
      </a>
      <nav aria-label="Places" className="border-line bg-sheet max-md:border-b md:min-h-screen md:border-r">
        <p className="px-5 pb-2 pt-5 text-lg font-semibold tracking-tight max-md:hidden">Stoa</p>
        <ul className="flex gap-1 overflow-x-auto px-3 py-2 md:flex-col">
          {places
            .filter(({ needs }) => may(needs))
            .map(({ to, title }) => (
              <li key={to}>
                <Link
                  to={to}
                  activeOptions={{ exact: to === '/' }}
                  className="block whitespace-nowrap rounded-lg px-3 py-2 text-[15px] text-soft hover:bg-ground hover:text-ink aria-[current=page]:bg-ground aria-[current=page]:font-medium aria-[current=page]:text-ink"
                >
                  {title}
                </Link>
              </li>
            ))}
        </ul>
        <div className="px-5 py-3 text-sm text-soft md:mt-4">
          <p className="mb-2 truncate max-md:hidden">
            {who.name} · {who.email}
          </p>
          <div className="flex items-center gap-3">
            <Button onClick={() => void signOut()}>Sign out</Button>
            <a href="/" className="underline underline-offset-2">
              To the shop
            </a>
          </div>
        </div>
      </nav>
      <main id="main" className="mx-auto w-full max-w-6xl p-4 md:p-8">
        <Outlet />
      </main>
    </div>
  )
}
