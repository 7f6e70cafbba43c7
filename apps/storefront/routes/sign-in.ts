import { identity as contract } from '#contracts/identity'
import { ProblemError } from '#kernel/problem'
import { setCookie } from '#kernel/public-api'
import { clearCartCookie } from '../cart-cookie.ts'
import type { Deps } from '../deps.ts'
import { problemsOf, readInput } from '../form.ts'
import { seeOther, sendPage } from '../send.ts'
import type { Problems } from '../views.ts'
import { isSecure, type ShopRoutes, type Visit } from '../visit.ts'

const { operations } = contract

export function signInRoutes(routes: ShopRoutes, deps: Deps): void {
  routes.get('/account/sign-in', 'personal', (visit) => showSignIn(deps, visit, {}, 200))
  routes.post('/account/sign-in', (visit) => signIn(deps, visit))
  routes.get('/account/sign-up', 'personal', (visit) => showSignUp(deps, visit, {}, 200))
  routes.post('/account/sign-up', (visit) => signUp(deps, visit))
  routes.post('/account/sign-out', (visit) => signOut(deps, visit))
  routes.get('/account/forgot-password', 'personal', (visit) => showForgot(deps, visit, {}, 200))
  routes.post('/account/forgot-password', (visit) => forgot(deps, visit))
  routes.get('/account/reset-password', 'personal', (visit) => showReset(deps, visit, queryToken(visit), {}, 200))
  routes.post('/account/reset-password', (visit) => reset(deps, visit))
  routes.get('/account/verify', 'personal', (visit) => showVerify(deps, visit, queryToken(visit), {}, false, 200))
  routes.post('/account/verify', (visit) => verify(deps, visit))
}

const queryToken = ({ query }: Visit): string => (typeof query.token === 'string' ? query.token : '')

/** A path of the shop, or the account page: an address elsewhere would make us somebody's open door. */
export const safeNext = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next) && next.length <= 500 ? next : ''

/** What the kernel refuses around an operation (too many attempts, say) is shown on the form like any other problem. */
async function attempt<R>(work: () => Promise<R>): Promise<{ done: R } | { problems: Problems; status: number }> {
  try {
    return { done: await work() }
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.status >= 500) throw error
    return { problems: problemsOf(error), status: error.problem.status }
  }
}

const notices: Readonly<Record<string, string>> = {
  welcome: 'Thank you. We sent a mail to your address; if you had no account yet, you can sign in now.',
  reset: 'Your new password is saved. Sign in with it.',
  out: 'You are signed out.',
}

function showSignIn(deps: Deps, visit: Visit, problems: Problems, status: number) {
  const notice = Object.keys(notices).find((name) => name in visit.query)
  return sendPage(
    deps,
    visit,
    'signIn',
    { title: 'Sign in', canonical: null },
    {
      typed: { email: visit.form.email ?? '' },
      problems,
      next: safeNext(visit.form.next ?? visit.query.next),
      notice: notice ? (notices[notice] ?? null) : null,
    },
    { status },
  )
}

async function signIn(deps: Deps, visit: Visit) {
  const { email = '', password = '' } = visit.form
  const read = readInput(operations.signIn, { email, password })
  if (!read.ok) {
    const { password: wrong, ...rest } = read.problems
    return showSignIn(deps, visit, wrong ? { ...rest, password: 'Enter your password.' } : rest, 422)
  }
  const tried = await attempt(() => deps.identity.signIn(read.value))
  if ('problems' in tried) return showSignIn(deps, visit, tried.problems, tried.status)
  if (!tried.done.ok) return showSignIn(deps, visit, { '': 'E-mail and password do not fit together.' }, 401)
  for (const cookie of tried.done.cookies ?? []) setCookie(visit.reply, deps.shop.publicUrl, cookie)
  if (tried.done.value.session.kind === 'staff')
    return visit.reply.header('cache-control', 'no-store').redirect('/admin/', 303)
  const next = safeNext(visit.form.next)
  return next ? visit.reply.header('cache-control', 'no-store').redirect(next, 303) : seeOther(visit, '/account')
}

function showSignUp(deps: Deps, visit: Visit, problems: Problems, status: number) {
  const { name = '', email = '' } = visit.form
  return sendPage(
    deps,
    visit,
    'signUp',
    { title: 'Open an account', canonical: null },
    { typed: { name, email }, problems },
    { status },
  )
}

/** The answer is the same whether the address had an account or not. */
async function signUp(deps: Deps, visit: Visit) {
  const { name = '', email = '', password = '' } = visit.form
  const read = readInput(operations.signUp, { name, email, password })
  if (!read.ok) return showSignUp(deps, visit, read.problems, 422)
  const tried = await attempt(() => deps.identity.signUp(read.value))
  if ('problems' in tried) return showSignUp(deps, visit, tried.problems, tried.status)
  if (!tried.done.ok) return showSignUp(deps, visit, { password: tooCommon }, 422)
  return seeOther(visit, '/account/sign-in?welcome')
}

const tooCommon = 'Many people use this password. Choose one that only you would think of.'

/** Who leaves a machine to others leaves no cart there: it holds the address that was typed at the checkout. */
async function signOut(deps: Deps, visit: Visit) {
  const outcome = await deps.identity.signOut({})
  for (const cookie of outcome.ok ? (outcome.cookies ?? []) : []) setCookie(visit.reply, deps.shop.publicUrl, cookie)
  for (const market of visit.frame.markets) clearCartCookie(visit.reply, isSecure(deps), market)
  return seeOther(visit, '/account/sign-in?out')
}

function showForgot(deps: Deps, visit: Visit, problems: Problems, status: number, sent = 'sent' in visit.query) {
  const view = { typed: { email: visit.form.email ?? '' }, problems, sent }
  return sendPage(deps, visit, 'forgotPassword', { title: 'A new password', canonical: null }, view, { status })
}

async function forgot(deps: Deps, visit: Visit) {
  const read = readInput(operations.requestPasswordReset, { email: visit.form.email ?? '' })
  if (!read.ok) return showForgot(deps, visit, read.problems, 422)
  const tried = await attempt(() => deps.identity.requestPasswordReset(read.value))
  if ('problems' in tried) return showForgot(deps, visit, tried.problems, tried.status)
  return seeOther(visit, '/account/forgot-password?sent')
}

function showReset(deps: Deps, visit: Visit, token: string, problems: Problems, status: number) {
  return sendPage(
    deps,
    visit,
    'resetPassword',
    { title: 'Choose a new password', canonical: null },
    { token, problems },
    { status },
  )
}

async function reset(deps: Deps, visit: Visit) {
  const { token = '', password = '' } = visit.form
  const again = (problems: Problems, status: number) => showReset(deps, visit, token, problems, status)
  const read = readInput(operations.resetPassword, { token, password })
  if (!read.ok) return again(read.problems.token ? { '': read.problems.token } : read.problems, 422)
  const tried = await attempt(() => deps.identity.resetPassword(read.value))
  if ('problems' in tried) return again(tried.problems, tried.status)
  if (tried.done.ok) return seeOther(visit, '/account/sign-in?reset')
  return tried.done.refusal.type === 'identity/password-too-common'
    ? again({ password: tooCommon }, 422)
    : again({ '': 'This link has been used, or it is too old.' }, 422)
}

function showVerify(deps: Deps, visit: Visit, token: string, problems: Problems, done: boolean, status: number) {
  return sendPage(
    deps,
    visit,
    'verifyEmail',
    { title: 'Confirm your e-mail', canonical: null },
    { token, problems, done },
    { status },
  )
}

async function verify(deps: Deps, visit: Visit) {
  const { token = '' } = visit.form
  const read = readInput(operations.verifyEmail, { token })
  if (!read.ok)
    return showVerify(deps, visit, token, { '': 'This link is incomplete. Open it again from the mail.' }, false, 422)
  const tried = await attempt(() => deps.identity.verifyEmail(read.value))
  if ('problems' in tried) return showVerify(deps, visit, token, tried.problems, false, tried.status)
  if (!tried.done.ok)
    return showVerify(deps, visit, token, { '': 'This link has been used, or it is too old.' }, false, 422)
  return showVerify(deps, visit, '', {}, true, 200)
}
