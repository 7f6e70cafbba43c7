import type { notifications } from '#contracts/notifications'
import type { Client } from '#kernel/client'
import type { Database } from '#kernel/database'
import type { Auth } from './auth.ts'

export type Deps = {
  readonly db: Database
  /** better-auth, loaded at the first use. */
  readonly auth: () => Promise<Auth>
  readonly notifications: Client<typeof notifications>
  readonly publicUrl: string
}
