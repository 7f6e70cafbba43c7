import type { Kysely, KyselyPlugin } from 'kysely'
import type { Database } from '#kernel/database'
import { newId } from '#kernel/id'
import { hashPassword, verifyPassword } from './passwords.ts'
import { endResetsOf } from './store.ts'

/** The parts of better-auth that our operations call. */
export type Auth = {
  readonly api: {
    signUpEmail(options: { body: { email: string; password: string; name: string } }): Promise<unknown>
    signInEmail(options: {
      body: { email: string; password: string }
    }): Promise<{ token: string; user: { id: string } }>
    requestPasswordReset(options: { body: { email: string } }): Promise<unknown>
    resetPassword(options: { body: { token: string; newPassword: string } }): Promise<unknown>
    verifyEmail(options: { query: { token: string } }): Promise<unknown>
  }
}

export type MailedUser = { readonly id: string; readonly email: string; readonly name: string }

/** What better-auth tells, so that a mail can be written. */
export type AuthMails = {
  readonly verify: (user: MailedUser, token: string) => Promise<void>
  readonly alreadyRegistered: (user: MailedUser) => Promise<void>
  readonly reset: (user: MailedUser, token: string) => Promise<void>
}

export const resetTokenSeconds = 3_600
const verificationTokenSeconds = 7 * 86_400
export const customerSessionSeconds = 30 * 86_400

/**
 * Loads better-auth, which takes half a second: only signing in and up need it, so a start does not wait for it.
 * Our own operations wrap its server API; its HTTP handler, cookies and rate limits are not used.
 */
export async function loadAuth(options: {
  db: Database
  secret: string
  publicUrl: string
  mails: AuthMails
}): Promise<Auth> {
  const { betterAuth } = await import('better-auth')
  const { mails } = options
  const auth = betterAuth({
    baseURL: options.publicUrl,
    basePath: '/api/auth',
    secret: options.secret,
    database: { db: withDates(options.db), type: 'postgres', transaction: true },
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    advanced: { database: { generateId: ({ model }: { model: string }) => newId(prefixes[model] ?? model) } },
    user: {
      modelName: 'users',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    },
    session: {
      modelName: 'sessions',
      expiresIn: customerSessionSeconds,
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    account: {
      modelName: 'accounts',
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    verification: {
      modelName: 'verifications',
      fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
      storeIdentifier: 'hashed',
    },
    emailAndPassword: {
      enabled: true,
      // With this, signing up with a known address answers like any other (and tells its owner).
      autoSignIn: false,
      minPasswordLength: 1,
      maxPasswordLength: 256,
      resetPasswordTokenExpiresIn: resetTokenSeconds,
      revokeSessionsOnPasswordReset: true,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(hash, password) },
      onExistingUserSignUp: ({ user }) => mails.alreadyRegistered(user),
      sendResetPassword: ({ user, token }) => mails.reset(user, token),
      // Each link that was asked for has a token of its own: an old mail must not open what was just closed.
      onPasswordReset: ({ user }) => endResetsOf(options.db, user.id),
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: false,
      expiresIn: verificationTokenSeconds,
      sendVerificationEmail: ({ user, token }) => mails.verify(user, token),
    },
  })
  return auth as unknown as Auth
}

/** People who sign up are customers; staff rows are made by staff, in our own SQL. */
const prefixes: Readonly<Record<string, string>> = {
  user: 'cust',
  session: 'session',
  account: 'account',
  verification: 'verification',
}

/** better-auth compares dates as `Date`; our pool gives times as text, as they cross walls. */
function withDates(db: Database): Kysely<unknown> {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => ({
      ...result,
      rows: result.rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [
            key,
            key.endsWith('_at') && typeof value === 'string' ? new Date(value) : value,
          ]),
        ),
      ),
    }),
  }
  return db.withPlugin(plugin)
}
