import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendEncoded } from '#kernel/answer-bytes'
import { everything } from '#kernel/news'
import { readCartCookie } from './cart-cookie.ts'
import type { Deps } from './deps.ts'
import { newNonce, noProvider, type PagePrivacy, type ProviderOrigins, pageHeaders } from './headers.ts'
import type { Head, PageName, Views } from './views.ts'
import { hasSession, isSecure, placeOf, type Visit } from './visit.ts'

export type SendOptions = {
  readonly status?: number
  /** Origins of payment providers that this page shows or leads to. */
  readonly providers?: ProviderOrigins
  /** Units in the cart where this answer has just changed them. */
  readonly units?: number
  /** Whether there are news of all that is shown when it changes (news.ts): the page is used until then, and else for a second. */
  readonly lasts?: boolean
}

/** Draws a page and sends it. */
export function sendPage<N extends PageName>(
  deps: Deps,
  visit: Visit,
  name: N,
  head: Head,
  view: Views[N],
  options: SendOptions = {},
): Promise<FastifyReply> {
  const html = deps.built.pages.render(name, placeOf(visit.request, visit.frame), head, view)
  return sendDocument(deps, visit, html, { units: visit.cart?.units ?? 0, ...options })
}

/** Fills the slots of a drawn page for this visitor, and sends it. */
export async function sendDocument(
  deps: Deps,
  { request, reply, frame, privacy, shared }: Pick<Visit, 'request' | 'reply' | 'frame' | 'privacy' | 'shared'>,
  html: string,
  { status = 200, providers = noProvider, units = 0, lasts = false }: SendOptions,
): Promise<FastifyReply> {
  const nonce = newNonce()
  pageHeaders(reply, { nonce, isSecure: isSecure(deps), privacy, providers })
  const visitor = deps.built.pages.visitor({
    hasSession: hasSession(request, deps.shop.publicUrl),
    units,
    prefix: frame.prefix,
  })
  const filled = html.replaceAll(deps.slots.nonce, nonce).replace(deps.slots.visitor, () => visitor)
  reply.code(status).type('text/html; charset=utf-8')
  if (shared && status === 200) {
    shared.keep({
      body: filled,
      headers: reply.getHeaders() as Record<string, string>,
      about: lasts ? everything : null,
      route: request.routeOptions.url ?? '',
      withoutCookies: true,
    })
    if (await deps.answers.send(request, reply, shared.key)) return reply
  }
  return sendText(request, reply, filled)
}

/** Sends text compressed as the browser can read it. What is secret on a page is not beside anything that the address put
 *  there anew, so its length tells nothing (BREACH). */
export const sendText = (request: FastifyRequest, reply: FastifyReply, text: string): Promise<FastifyReply> =>
  sendEncoded(request, reply, Buffer.from(text))

/** After a form: look at the result, by GET. */
export const seeOther = ({ reply, frame }: Pick<Visit, 'reply' | 'frame'>, path: string): FastifyReply =>
  reply.header('cache-control', 'no-store').redirect(`${frame.prefix}${path}` || '/', 303)

/** Seconds for which browsers may keep a move in mind: a handle that was given up can become another product's. */
const movedForSeconds = 3_600

/** The same page at its new address, with the choices that the old one named. */
export const movedTo = ({ request, reply, frame }: Pick<Visit, 'request' | 'reply' | 'frame'>, path: string) => {
  const [, query] = request.url.split('?', 2)
  return reply
    .header('cache-control', `public, max-age=${movedForSeconds}`)
    .redirect(`${frame.prefix}${path}${query ? `?${query}` : ''}`, 301)
}

/** A page that says what went wrong. */
export function sendProblemPage(
  deps: Deps,
  { request, reply, frame }: Pick<Visit, 'request' | 'reply' | 'frame'>,
  view: Views['problem'],
  privacy: PagePrivacy = 'shared',
): Promise<FastifyReply> {
  const html = deps.built.pages.render('problem', placeOf(request, frame), { title: view.title, canonical: null }, view)
  const units = frame.market.code === '' ? 0 : (readCartCookie(request, isSecure(deps), frame.market)?.units ?? 0)
  return sendDocument(deps, { request, reply, frame, privacy, shared: null }, html, { status: view.status, units })
}
