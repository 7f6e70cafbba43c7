import type { identity } from '#contracts/identity'
import { customerRegistered } from '#events/identity'
import type { Call } from '#kernel/call'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import { inTransaction } from '#kernel/database'
import { digest } from '#kernel/id'
import { publish } from '#kernel/outbox'
import { customerSessionSeconds } from './auth.ts'
import type { Deps } from './deps.ts'
import { hashPassword, isGuessable, isOutdated } from './passwords.ts'
import { permissionsOf } from './roles.ts'
import * as store from './store.ts'

type Operations = (typeof identity)['operations']

/** A shift: staff sign in each day, since their sessions can do more harm. */
const staffSessionSeconds = 12 * 3_600

/** Sign-up and reset take this long whether the address is known or not: more than either way takes. */
const evenAnswerMs = 400

const statusOf = (error: unknown): number => (error as { statusCode?: number }).statusCode ?? 500

export async function signIn(
  deps: Deps,
  { email, password }: Input<Operations['signIn']>,
  call: Call,
): Promise<Outcome<Operations['signIn']>> {
  const { db } = deps
  const refused = refuse('identity/wrong-credentials', 'The e-mail address or the password is wrong.')
  const auth = await deps.auth()
  let signedIn: { token: string; user: { id: string } }
  try {
    // Hashes the given password for unknown addresses too, so that both take the same time.
    signedIn = await auth.api.signInEmail({ body: { email, password } })
  } catch (error) {
    if (statusOf(error) >= 500) throw error
    await store.audit(db, { actor: 'anonymous', action: 'sign-in-failed', subject: null, traceId: call.traceId })
    return refused
  }
  const user = await store.findUser(db, signedIn.user.id)
  if (!user?.active) {
    if (user) await store.endSessionsOf(db, user.id)
    return refused
  }
  const isStaff = user.roles.length > 0
  const lastsSeconds = isStaff ? staffSessionSeconds : customerSessionSeconds
  await store.sealSession(db, signedIn.token, digest(signedIn.token), lastsSeconds)
  await store.audit(db, { actor: user.id, action: 'signed-in', subject: user.id, traceId: call.traceId })
  await renewHash(deps, user.id, password)
  return ok({ token: signedIn.token, session: sessionOf(user) }, [
    { name: 'session', value: signedIn.token, maxAgeSeconds: lastsSeconds },
  ])
}

async function renewHash({ db }: Deps, userId: string, password: string): Promise<void> {
  const stored = await store.readPassword(db, userId)
  if (stored && isOutdated(stored)) await store.writePassword(db, userId, await hashPassword(password))
}

export function sessionOf(user: store.UserRow) {
  const isStaff = user.roles.length > 0
  return {
    kind: isStaff ? ('staff' as const) : ('customer' as const),
    id: user.id,
    email: user.email,
    name: user.name,
    permissions: permissionsOf(user.roles),
  }
}

export async function signUp(
  deps: Deps,
  { email, password, name }: Input<Operations['signUp']>,
  call: Call,
): Promise<Outcome<Operations['signUp']>> {
  if (isGuessable(password, { email, name })) return tooCommon()
  await evenly(async () => {
    const auth = await deps.auth()
    await auth.api.signUpEmail({ body: { email, password, name } })
    await announce(deps, email, call)
  })
  return ok({ status: 'accepted' })
}

export const tooCommon = () =>
  refuse(
    'identity/password-too-common',
    'This password is easily guessed. Take another, such as four words that nobody would put together.',
    {
      field: 'password',
    },
  )

/** Tells once that a new customer is there; a sign-up with a known address finds the mark of the first. */
async function announce({ db }: Deps, email: string, call: Call): Promise<void> {
  await inTransaction(db, async (tx) => {
    const user = await store.findUserByEmail(tx, email)
    if (!user || !(await store.markAnnounced(tx, user.id))) return
    await publish(tx, customerRegistered, { subject: user.id, sequence: 1, data: { customerId: user.id } })
    await store.audit(tx, { actor: user.id, action: 'registered', subject: user.id, traceId: call.traceId })
  })
}

export async function requestPasswordReset(
  deps: Deps,
  { email }: Input<Operations['requestPasswordReset']>,
): Promise<Outcome<Operations['requestPasswordReset']>> {
  await evenly(async () => {
    const auth = await deps.auth()
    await auth.api.requestPasswordReset({ body: { email } })
  })
  return ok({ status: 'accepted' })
}

export async function resetPassword(
  deps: Deps,
  { token, password }: Input<Operations['resetPassword']>,
): Promise<Outcome<Operations['resetPassword']>> {
  if (isGuessable(password, { email: '', name: '' })) return tooCommon()
  const auth = await deps.auth()
  try {
    await auth.api.resetPassword({ body: { token, newPassword: password } })
  } catch (error) {
    if (statusOf(error) >= 500) throw error
    return refuse('identity/reset-token-invalid', 'This link was used already or is too old. Ask for a new one.')
  }
  return ok({})
}

export async function verifyEmail(
  deps: Deps,
  { token }: Input<Operations['verifyEmail']>,
): Promise<Outcome<Operations['verifyEmail']>> {
  const auth = await deps.auth()
  try {
    await auth.api.verifyEmail({ query: { token } })
  } catch (error) {
    if (statusOf(error) >= 500) throw error
    return refuse('identity/verification-token-invalid', 'This link is not valid any more. Sign in to get a new one.')
  }
  return ok({})
}

/** Runs `work` and waits until an even time has passed, so that the time of the answer tells nothing about what was found. */
async function evenly(work: () => Promise<void>): Promise<void> {
  const even = new Promise((resolve) => setTimeout(resolve, evenAnswerMs))
  await work()
  await even
}
