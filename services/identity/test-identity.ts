import assert from 'node:assert/strict'
import type pg from 'pg'
import T from 'typebox'
import { identity } from '#contracts/identity'
import { notifications } from '#contracts/notifications'
import type { Actor } from '#kernel/call'
import { contract, ok } from '#kernel/contract'
import { service } from '#kernel/service'
import { apiAt } from '../../test/api.ts'
import { asOwner as askAsOwner, startTestHost, type TestHost } from '../../test/host.ts'
import { identityService } from './service.ts'

export type SentMail = {
  readonly mailKey: string
  readonly template: string
  readonly to: string
  readonly values: Readonly<Record<string, string>>
}

/** Keeps what identity hands over, as notifications does before it sends. */
export const mails: SentMail[] = []
export const keeper = service({
  contract: contract('notifications', { send: notifications.operations.send }),
  settings: T.Object({}),
  connections: null,
  migrations: null,
  start: async () => ({
    operations: {
      send: async (mail) => {
        mails.push(mail)
        return ok({})
      },
    },
  }),
})

export const owner = { email: 'owner@shop.example', password: 'seven tall white columns' }
export const password = 'a walk along the harbour'

/** Identity behind an edge of its own, with an owner, and what its tests do with it. */
export async function startIdentity() {
  async function authenticate(credential: string): Promise<Actor> {
    const found = await host.client(identity).authenticate({ credential })
    return (found.ok ? found.value.actor : null) ?? { kind: 'anonymous' }
  }

  const host: TestHost = await startTestHost([identityService, keeper], { edge: true, authenticate })
  const api = apiAt(host.url ?? '')
  const made = await host.client(identity).ensureOwner({ ...owner, enforce: false })
  assert.deepEqual(made, { ok: true, value: { created: true, email: owner.email } })

  async function signIn(account: { email: string; password: string }): Promise<string> {
    const answer = await api('POST', '/api/auth/sign-in/email', account)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body.token
  }

  async function newCustomer(name: string): Promise<string> {
    const account = { email: `${name}@example.com`, password }
    assert.equal((await api('POST', '/api/auth/sign-up/email', { ...account, name })).status, 200)
    return signIn(account)
  }

  async function mailTo(email: string, template: string): Promise<SentMail> {
    const deadline = Date.now() + 5_000
    for (;;) {
      const found = mails.findLast((mail) => mail.to === email && mail.template === template)
      if (found) return found
      if (Date.now() > deadline) throw new Error(`no ${template} mail to ${email}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** The token of the link in a mail. */
  async function linkTo(email: string, template: string): Promise<string> {
    return new URL((await mailTo(email, template)).values.url ?? '').searchParams.get('token') ?? ''
  }

  const asOwner = <R extends pg.QueryResultRow>(statement: string): Promise<R[]> => askAsOwner<R>(host, statement)

  return { host, api, authenticate, signIn, newCustomer, mailTo, linkTo, asOwner }
}
