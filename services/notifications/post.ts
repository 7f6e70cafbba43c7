import { BrokenCircuitError } from 'cockatiel'
import type { Transporter } from 'nodemailer'
import type { Database } from '#kernel/database'
import type { Breaker } from '#kernel/dependency'
import { inSpan, readTraceparent } from '#kernel/tracing'
import * as store from './store.ts'

/** A way to hand a mail to a mail server. */
export type Post = {
  readonly send: (mail: store.WholeMail) => Promise<void>
  readonly close: () => void
}

/** Longer than a slow server needs for a mail; after it another copy tries. */
const leaseSeconds = 120
/** Mails a round. */
const mailsAtOnce = 20
/** With doubling pauses from some seconds to six hours: about a day, as mail servers themselves do. */
const attemptsAtMost = 14
const pauseAtMostSeconds = 6 * 3_600
const pauseInTroubleLeastSeconds = 10

/**
 * Hands mails to an SMTP server. The Message-ID follows from the mail's id, so that a mail sent twice (the server took it,
 * but we died before we wrote so) can be recognized as one.
 */
export function createPost(
  transport: Transporter,
  options: { from: string; replyTo: string | null; publicUrl: string },
): Post {
  const domain = new URL(options.publicUrl).hostname
  return {
    async send(mail) {
      await transport.sendMail({
        from: options.from,
        ...(options.replyTo ? { replyTo: options.replyTo } : {}),
        // An address object, never a header line: what a shopper typed cannot add recipients.
        to: { name: '', address: mail.recipient },
        subject: mail.subject,
        html: mail.html,
        text: mail.text,
        messageId: `<${mail.id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      })
    },
    close: () => transport.close(),
  }
}

/** What is done without a mail server, as staff are told. */
export const postFallback = 'Mails wait in the database, with their attempts unspent, and are sent when it answers.'
export const failuresToOpen = 3
export const openMs = 10_000

/** Whether the mail server is in trouble, and not the mail: no connection, no greeting, no sign-in, or "try later" to all. */
export function isServerTrouble(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return responseCode === 421
  return code !== undefined
}

/**
 * Sends what is due. Any copy may run it; each mail is claimed by one when its turn has come, since one that waited for others could be
 * claimed by another copy meanwhile, and be sent twice. While the mail server is in trouble none is.
 */
export async function sendDueMails(db: Database, post: Post, server: Breaker): Promise<void> {
  for (let turn = 1; turn <= mailsAtOnce && !server.isOpen; turn++) {
    const mail = await store.claimMail(db, leaseSeconds)
    if (!mail) return
    const parent = readTraceparent(mail.traceparent) ?? undefined
    let isSent = false
    try {
      await inSpan(`send mail`, { kind: 'client', parent, attributes: { 'stoa.mail': mail.template } }, async () => {
        await server.run(() => post.send(mail))
        isSent = true
        await store.markSent(db, mail.id)
      })
    } catch (error) {
      const { message } = error as Error
      if (error instanceof BrokenCircuitError) {
        await store.unclaim(db, mail.id, { pauseSeconds: server.retryAfterSeconds, error: null })
      } else if (!isSent && isServerTrouble(error)) {
        await store.unclaim(db, mail.id, { pauseSeconds: pauseInTrouble(mail), error: message })
      } else {
        const pauseSeconds =
          mail.attempts < attemptsAtMost ? Math.min(2 * 2 ** mail.attempts, pauseAtMostSeconds) : null
        await store.markFailed(db, mail.id, message, pauseSeconds)
      }
    }
  }
}

/** Ever longer, as for a mail that is refused: it may be this very mail that the server breaks off on. */
function pauseInTrouble({ created_at: createdAt }: store.DueMail): number {
  const waitedSeconds = (Date.now() - Date.parse(createdAt)) / 1_000
  return Math.min(Math.max(pauseInTroubleLeastSeconds, waitedSeconds / 4), pauseAtMostSeconds)
}
