import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { post } from './api.ts'
import { SignIn, SignInAgain } from './pages/sign-in.tsx'
import { type Session, useMay, useSession } from './session.ts'
import { Icon, type IconName } from './ui/icons.tsx'
import { Button, Loading, Notice } from './ui/kit.tsx'

const places = [
  { to: '/', title: 'Home', icon: 'home', needs: null },
  { to: '/orders', title: 'Orders', icon: 'orders', needs: 'orders:read' },
  { to: '/products', title: 'Products', icon: 'products', needs: 'catalog:read' },
  { to: '/stock', title: 'Stock', icon: 'stock', needs: 'inventory:read' },
  { to: '/promotions', title: 'Promotions', icon: 'promotions', needs: 'pricing:read' },
  { to: '/gift-cards', title: 'Gift cards', icon: 'giftCards', needs: 'gift-cards:read' },
  { to: '/imports', title: 'Import and export', icon: 'imports', needs: 'catalog:read' },
  { to: '/mails', title: 'Mails', icon: 'mails', needs: 'mail:read' },
  { to: '/dead-letters', title: 'Undelivered events', icon: 'events', needs: 'events:read' },
  { to: '/staff', title: 'Staff', icon: 'staff', needs: 'staff:read' },
] as const satisfies readonly { to: string; title: string; icon: IconName; needs: string | null }[]

/**
 * The sign-in form until somebody of the staff is signed in; then the places they may go to. When a session ends while
 * somebody works, the page stays and asks for the password again: nothing typed is lost.
 */
export function Frame() {
  const session = useSession()
  const who = session.data?.session ?? null
  const [last, setLast] = useState<Session | null>(null)
  const staff = who?.kind === 'staff' ? who : null
  if (staff && staff !== last) setLast(staff)
  if (session.isPending) return <Loading />
  if (session.isError && !last)
    return (
      <main className="mx-auto flex max-w-md flex-col items-start gap-4 p-8">
        <Notice>{session.error.message}</Notice>
        <Button onClick={() => void session.refetch()}>Try again</Button>
      </main>
    )
  const shown = staff ?? last
  if (!shown) return <SignIn />
  return (
    <>
      <Places who={shown} />
      {staff || session.isError ? null : <SignInAgain email={shown.email} />}
    </>
  )
}

function Places({ who }: { who: Session }) {
  const { pathname } = useLocation()
  const main = useRef<HTMLElement>(null)
  const [open, setOpen] = useState(false)
  const came = useRef(pathname)
  // A new page is read from its beginning, by screen readers too.
  useEffect(() => {
    if (came.current === pathname) return
    came.current = pathname
    setOpen(false)
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [pathname])
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:left-3 focus:top-3 focus:z-30 focus:rounded-lg focus:bg-sheet focus:p-2"
      >
        Skip to content
      </a>
      <header className="border-line bg-sheet max-md:border-b md:sticky md:top-0 md:flex md:h-dvh md:flex-col md:border-r">
        <div className="flex items-center justify-between px-4 py-2.5 md:px-5 md:pb-3 md:pt-5">
          <p className="flex items-center gap-2 text-lg font-semibold tracking-tight">
            <Mark /> Stoa
          </p>
          <button
            type="button"
            aria-expanded={open}
            aria-controls="places"
            aria-label="Menu"
            onClick={() => setOpen(!open)}
            className="grid size-10 place-items-center rounded-lg border border-line md:hidden"
          >
            <Icon name={open ? 'close' : 'menu'} />
          </button>
        </div>
        <div id="places" className={`flex-1 flex-col overflow-y-auto md:flex ${open ? 'flex' : 'max-md:hidden'}`}>
          <nav aria-label="Places" className="flex-1">
            <PlaceLinks />
          </nav>
          <Account who={who} />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} className="mx-auto w-full max-w-6xl p-4 md:px-8 md:py-7">
        <Outlet />
      </main>
    </div>
  )
}

function PlaceLinks() {
  const may = useMay()
  return (
    <ul className="flex flex-col gap-0.5 px-3 pb-2">
      {places
        .filter(({ needs }) => needs === null || may(needs))
        .map(({ to, title, icon }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: to === '/' }}
              className="flex items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-soft hover:bg-ground hover:text-ink aria-[current=page]:bg-accent-ground aria-[current=page]:font-medium aria-[current=page]:text-accent"
            >
              <Icon name={icon} className="size-[1.125rem]" />
              {title}
            </Link>
          </li>
        ))}
    </ul>
  )
}

function Account({ who }: { who: Session }) {
  const queries = useQueryClient()
  const [failure, setFailure] = useState<string | null>(null)
  const signOut = async (): Promise<void> => {
    try {
      await post('/api/auth/sign-out', {})
      queries.clear()
      window.location.assign('/admin')
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  const item = 'flex w-full items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-soft hover:bg-ground hover:text-ink'
  return (
    <div className="border-t border-line px-3 py-3 text-sm">
      <p className="truncate px-2.5 font-medium">{who.name}</p>
      <p className="mb-2 truncate px-2.5 text-soft">{who.email}</p>
      {failure ? <Notice>{failure}</Notice> : null}
      <a href="/" className={item}>
        <Icon name="shop" className="size-[1.125rem]" /> To the shop
      </a>
      <button type="button" className={item} onClick={() => void signOut()}>
        <Icon name="leave" className="size-[1.125rem]" /> Sign out
      </button>
    </div>
  )
}

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className="size-6 rounded-md bg-accent text-accent-ink">
      <path fill="currentColor" d="M6 9h20v3H6zM8 13.5h3v8.5H8zM14.5 13.5h3v8.5h-3zM21 13.5h3v8.5h-3zM6 23.5h20v2H6z" />
    </svg>
  )
}
