import { join } from 'node:path'
import T from 'typebox'
import { identity } from '#contracts/identity'
import { notifications, type Template } from '#contracts/notifications'
import type { Call } from '#kernel/call'
import { ok } from '#kernel/contract'
import { digest } from '#kernel/id'
import { rateLimiter } from '#kernel/rate-limit'
import { service } from '#kernel/service'
import * as account from './account.ts'
import { type Auth, type AuthMails, loadAuth, type MailedUser, resetTokenSeconds } from './auth.ts'
import type { Deps } from './deps.ts'
import { permissionsOf } from './roles.ts'
import * as signIn from './sign-in.ts'
import * as staff from './staff.ts'
import * as store from './store.ts'

/** Mails handed over in one round. */
const mailsAtOnce = 50

/**
 * Mails of one kind to one person in the time that a link for a new password holds. Anybody can ask for them, so without a limit
 * anybody could fill a mailbox; and whoever is sent no more has one whose link still holds.
 */
const mailsToOneAtMost = 5

export const identityService = service({
  contract: identity,
  settings: T.Object({}),
  calls: [notifications],
  secrets: ['accounts'],
  connections: 6,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async (host) => {
    const { db } = host
    // Asked for now, although nobody signs in yet: a shop with a damaged one does not start.
    const secret = await host.secret('accounts')
    let loading: Promise<Auth> | null = null
    const deps: Deps = {
      db,
      notifications: host.client(notifications),
      publicUrl: host.shop.publicUrl,
      auth: () => {
        loading ??= loadAuth({ db, secret, publicUrl: host.shop.publicUrl, mails: mailsOf(deps) })
        return loading
      },
    }
    return {
      operations: {
        signUp: (input, call) => signIn.signUp(deps, input, call),
        signIn: (input, call) => signIn.signIn(deps, input, call),
        signOut: (_, call) => signOut(deps, call),
        session: (_, call) => session(deps, call),
        requestPasswordReset: (input) => signIn.requestPasswordReset(deps, input),
        resetPassword: (input) => signIn.resetPassword(deps, input),
        verifyEmail: (input) => signIn.verifyEmail(deps, input),
        authenticate: ({ credential }) => authenticate(deps, credential),
        profile: (_, call) => account.profile(deps, call),
        updateProfile: (input, call) => account.updateProfile(deps, input, call),
        addresses: (_, call) => account.addresses(deps, call),
        addAddress: (input, call) => account.addAddress(deps, input, call),
        updateAddress: (input, call) => account.updateAddress(deps, input, call),
        removeAddress: (input, call) => account.removeAddress(deps, input, call),
        customerContact: (input) => account.customerContact(deps, input),
        staffMembers: (input) => staff.staffMembers(deps, input),
        createStaff: (input, call) => staff.createStaff(deps, input, call),
        updateStaff: (input, call) => staff.updateStaff(deps, input, call),
        writeDown: (input, call) => staff.writeDown(deps, input, call),
        ensureOwner: (input, call) => staff.ensureOwner(deps, input, call),
      },
      jobs: [
        { name: 'hand-over-mails', everyMs: 500, run: () => handOverMails(deps) },
        { name: 'remove-expired', everyMs: 3_600_000, run: () => store.removeExpired(db) },
      ],
    }
  },
})

/** One indexed statement, and no cache: a permission that was taken away is gone with the next request. */
async function authenticate({ db }: Deps, credential: string) {
  const found = await store.findSession(db, digest(credential))
  if (!found) return ok({ actor: null })
  const sessionId = found.session_id
  return found.roles.length > 0
    ? ok({ actor: { kind: 'staff' as const, staffId: found.id, sessionId, permissions: permissionsOf(found.roles) } })
    : ok({ actor: { kind: 'customer' as const, customerId: found.id, sessionId } })
}

async function session({ db }: Deps, { actor }: Call) {
  const id = actor.kind === 'staff' ? actor.staffId : actor.kind === 'customer' ? actor.customerId : null
  const user = id === null ? undefined : await store.findUser(db, id)
  return ok({ session: user ? signIn.sessionOf(user) : null })
}

async function signOut({ db }: Deps, { actor }: Call) {
  if (actor.kind === 'staff' || actor.kind === 'customer') await store.endSession(db, actor.sessionId)
  return ok({}, [{ name: 'session', value: '', maxAgeSeconds: 0 }])
}

/** Mails are written down at once and handed over by a job. The links lead to pages of the shop. */
function mailsOf({ db, publicUrl }: Deps): AuthMails {
  const limiter = rateLimiter(db)
  const add = async (template: T.Static<typeof Template>, user: MailedUser, link: string): Promise<void> => {
    const place = await limiter.count(`mail ${template} ${user.id}`, mailsToOneAtMost, resetTokenSeconds)
    // Nobody is told: that there is a limit would tell that the address is known.
    if (place.waitSeconds !== null) return
    await store.addPendingMail(db, template, user.email, { name: user.name, url: `${publicUrl}${link}` })
  }
  return {
    verify: (user, token) => add('verify-email', user, `/account/verify?token=${encodeURIComponent(token)}`),
    alreadyRegistered: (user) => add('account-exists', user, '/account/sign-in'),
    reset: (user, token) => add('reset-password', user, `/account/reset-password?token=${encodeURIComponent(token)}`),
  }
}

/** Notifications sends each key once, so a crash between handing over and removing sends nothing twice. */
async function handOverMails({ db, notifications: mails }: Deps): Promise<void> {
  for (const mail of await store.oldestPendingMails(db, mailsAtOnce)) {
    const sent = await mails.send({
      mailKey: `identity-${mail.id}`,
      template: mail.template as T.Static<typeof Template>,
      to: mail.recipient,
      locale: null,
      values: mail.mail_values,
    })
    if (sent.ok) await store.removePendingMail(db, mail.id)
  }
}
