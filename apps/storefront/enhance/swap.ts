// Parts of a page are exchanged for the same parts of another answer of the shop. The server draws every state of every
// page, so there is one truth; without this script the same links and forms load whole pages.

type Policy = { createHTML(html: string): string }
type TrustedTypes = { createPolicy(name: string, rules: Policy): Policy }

/** The one place where a string becomes markup; it comes from this shop alone. */
const policy = (window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('stoa', {
  createHTML: (html) => html,
})

export function parse(html: string): Document {
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html')
}

export type Answer = { readonly page: Document; readonly url: string; readonly ok: boolean }

/** Asks the shop for a page. Rejects when it cannot be reached or answers with something else than a page. */
export async function load(url: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, options)
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('text/html') || response.status >= 500) throw new Error(`${url} answered ${response.status}`)
  return { page: parse(await response.text()), url: response.url, ok: response.ok }
}

/** Sends a form as the browser would, with the button that was pressed. */
export function post(form: HTMLFormElement, submitter: HTMLElement | null): Promise<Answer> {
  const data = new FormData(form, submitter)
  return load(form.action, { method: 'POST', body: new URLSearchParams(data as unknown as Record<string, string>) })
}

/** Puts the parts of `page` named by `selectors` where the old ones are; keeps focus and what was folded open. */
export function swap(page: Document, selectors: string): void {
  const active = document.activeElement
  const focusId = active?.id
  const open = [...document.querySelectorAll('details[open][id]')].map(({ id }) => id)
  for (const selector of selectors.split(' ')) {
    const before = document.querySelector(selector)
    const after = page.querySelector(selector)
    if (before && after) before.replaceWith(document.adoptNode(after))
  }
  for (const id of open) document.getElementById(id)?.setAttribute('open', '')
  if (focusId && !document.contains(active)) document.getElementById(focusId)?.focus({ preventScroll: true })
  document.dispatchEvent(new Event('stoa:swap'))
}

/** Tells those who cannot see it what has changed. */
export function say(text: string): void {
  const status = document.getElementById('status')
  if (status) status.textContent = text
}

/** Focuses the message that a form came back with. */
export function focusProblem(within: ParentNode = document): void {
  within.querySelector<HTMLElement>('[data-focus], [aria-invalid]')?.focus()
}

export const isPlainClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented

/** Runs `work` with `element` marked as busy, once at a time; gives up to the browser when the shop cannot be reached. */
export async function busily(element: Element, work: () => Promise<void>, otherwise: () => void): Promise<void> {
  if (element.getAttribute('aria-busy') === 'true') return
  element.setAttribute('aria-busy', 'true')
  try {
    await work()
  } catch {
    otherwise()
  } finally {
    element.removeAttribute('aria-busy')
  }
}
