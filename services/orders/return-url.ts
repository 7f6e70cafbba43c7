import type { Deps } from './deps.ts'

/** Whether an address is one of the shop's own pages: a redirect of a provider must not lead anywhere else. */
export function allowedReturnUrl(returnUrl: string, publicUrl: string): boolean {
  const url = URL.parse(returnUrl)
  return url !== null && url.origin === new URL(publicUrl).origin && url.username === '' && url.password === ''
}

/** The page that shows an order to whoever has the link. */
export const orderUrl = ({ publicUrl, tokenOf }: Pick<Deps, 'publicUrl' | 'tokenOf'>, orderId: string): string =>
  `${publicUrl}/orders/${orderId}?token=${tokenOf(orderId)}`

/**
 * Where the shopper comes back to from the provider's pages: the order's page, or a page of the shop's that was asked for, which
 * is told the order and its token.
 */
export function returnUrlOf(
  deps: Pick<Deps, 'publicUrl' | 'tokenOf'>,
  orderId: string,
  returnUrl: string | undefined,
): string {
  if (returnUrl === undefined) return orderUrl(deps, orderId)
  const url = new URL(returnUrl)
  url.searchParams.set('order', orderId)
  url.searchParams.set('token', deps.tokenOf(orderId))
  return url.href
}
