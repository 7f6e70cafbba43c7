import { type Executor, later, sql, type Transaction } from '#kernel/database'

export type MailRow = {
  readonly id: string
  readonly template: string
  readonly recipient: string
  readonly subject: string
  readonly state: 'pending' | 'sent' | 'kept' | 'failed'
  readonly attempts: number
  readonly error: string | null
  readonly created_at: string
  readonly sent_at: string | null
}
export type WholeMail = MailRow & { readonly html: string; readonly text: string }
/** With the place in the trace where it was written. */
export type DueMail = WholeMail & { readonly traceparent: string | null }

const columns = sql`id, template, recipient, subject, state, attempts, error, created_at, sent_at`

export type NewMail = {
  readonly id: string
  readonly key: string
  readonly template: string
  readonly recipient: string
  readonly subject: string
  readonly html: string
  readonly text: string
  /** Shows it to staff and sends it to nobody. */
  readonly keep: boolean
  /** Where in its trace it was written. */
  readonly traceparent: string | undefined
}

/** Adds a mail, unless one with its key was added before. */
export async function addMail(db: Executor, mail: NewMail): Promise<void> {
  await adding([mail]).execute(db)
}

/** The same for many, with the commit of what tells of them. */
export const addMails = (tx: Transaction, mails: readonly NewMail[]): Promise<void> => later(tx, adding(mails))

/** In the order of their keys, so that two who add the same ones meet in one order. */
const adding = (mails: readonly NewMail[]) => sql`
  insert into mails (id, mail_key, template, recipient, subject, html, text, traceparent, state)
  select id, key, template, recipient, subject, html, text, traceparent, case when keep then 'kept' else 'pending' end
  from jsonb_to_recordset(${JSON.stringify(mails)}::jsonb) as m (
    id text, key text, template text, recipient text, subject text, html text, text text, traceparent text, keep boolean)
  order by key
  on conflict (mail_key) do nothing`

/** Takes the mail that is due first, for `leaseSeconds`; other copies do not see it meanwhile. */
export async function claimMail(db: Executor, leaseSeconds: number): Promise<DueMail | undefined> {
  const { rows } = await sql<DueMail>`
    with due as (
      select id from mails where state = 'pending' and next_attempt_at <= now()
      order by next_attempt_at limit 1 for update skip locked)
    update mails m set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => ${leaseSeconds})
    from due where m.id = due.id
    returning m.id, m.template, m.recipient, m.subject, m.state, m.attempts, m.error, m.created_at, m.sent_at, m.html, m.text, m.traceparent`.execute(
    db,
  )
  return rows[0]
}

export async function markSent(db: Executor, id: string): Promise<void> {
  await sql`update mails set state = 'sent', sent_at = now(), error = null where id = ${id} and state = 'pending'`.execute(
    db,
  )
}

/** @param pauseSeconds until the next attempt; null gives up */
export async function markFailed(db: Executor, id: string, error: string, pauseSeconds: number | null): Promise<void> {
  await (pauseSeconds === null
    ? sql`update mails set state = 'failed', error = ${error} where id = ${id} and state = 'pending'`
    : sql`update mails set error = ${error}, next_attempt_at = now() + make_interval(secs => ${pauseSeconds})
          where id = ${id} and state = 'pending'`
  ).execute(db)
}

/** Gives back a mail whose attempt was none. @param why what stood in its way, where that is not known yet */
export async function unclaim(
  db: Executor,
  id: string,
  why: { readonly pauseSeconds: number; readonly error: string | null },
): Promise<void> {
  await sql`
    update mails set attempts = attempts - 1, next_attempt_at = now() + make_interval(secs => ${why.pauseSeconds}),
      error = coalesce(${why.error}, error)
    where id = ${id} and state = 'pending'`.execute(db)
}

export async function listMails(
  db: Executor,
  options: { to: string | null; before: readonly [createdAt: string, id: string] | null; limit: number },
): Promise<MailRow[]> {
  const [createdAt, id] = options.before ?? [null, null]
  const { rows } = await sql<MailRow>`
    select ${columns} from mails
    where (${options.to}::text is null or recipient = ${options.to})
      and (${createdAt}::timestamptz is null or (created_at, id) < (${createdAt}::timestamptz, ${id}))
    order by created_at desc, id desc limit ${options.limit}`.execute(db)
  return rows
}

export async function findMail(db: Executor, id: string): Promise<WholeMail | undefined> {
  return (await sql<WholeMail>`select ${columns}, html, text from mails where id = ${id}`.execute(db)).rows[0]
}

export async function removeOldMails(db: Executor, days: number): Promise<void> {
  await sql`delete from mails where created_at < now() - make_interval(days => ${days}) and state <> 'pending'`.execute(
    db,
  )
}
