import { busily, focusProblem, isPlainClick, load, post, say, swap } from './swap.ts'
import { cartChanged } from './visitor.ts'

// Links and forms that change a part of the page: filters, variants, "show more", the cart's lines.

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[data-swap]')
  if (!link || !isPlainClick(event)) return
  event.preventDefault()
  busily(
    link,
    () => follow(link),
    () => location.assign(link.href),
  )
})

async function follow(link: HTMLAnchorElement): Promise<void> {
  const { swap: selectors = '', append } = link.dataset
  const { page, url } = await load(link.href)
  if (append) return appendTo(append, selectors, page)
  swap(page, selectors)
  remember(page, url, 'replace' in link.dataset)
}

function appendTo(selector: string, selectors: string, page: Document): void {
  const list = document.querySelector(selector)
  const more = [...(page.querySelector(selector)?.children ?? [])]
  list?.append(...more.map((one) => document.adoptNode(one)))
  swap(page, selectors)
  more[0]?.querySelector('a')?.focus({ preventScroll: true })
  say(`${more.length} more`)
}

const address = (): string => location.pathname + location.search
let shown = address()

/** The address and title of what is shown now. */
function remember(page: Document, url: string, isReplaced = false): void {
  document.title = page.title
  history[isReplaced ? 'replaceState' : 'pushState'](null, '', url)
  shown = address()
}

// Of what was shown before in this page only the address was kept.
addEventListener('popstate', () => {
  if (address() !== shown) location.reload()
})

document.addEventListener('change', (event) => {
  const { form } = event.target as HTMLInputElement
  if (form && 'autoSubmit' in form.dataset) form.requestSubmit()
})

document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement
  if (event.defaultPrevented) return
  if (form.id === 'filters') {
    event.preventDefault()
    const url = filterAddress(form)
    busily(
      form,
      () => filter(url),
      () => location.assign(url),
    )
  } else if (form.dataset.swap) {
    event.preventDefault()
    const { submitter } = event
    busily(
      form,
      () => send(form, submitter),
      () => form.submit(),
    )
  }
})

/** The address of a filter form without the fields that say nothing. */
function filterAddress(form: HTMLFormElement): string {
  const url = new URL(form.action)
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string' && value.trim()) url.searchParams.append(name, value.trim())
  }
  return url.href
}

async function filter(url: string): Promise<void> {
  const answer = await load(url)
  swap(answer.page, '#results #filters')
  remember(answer.page, answer.url)
  const count = Number(document.getElementById('results')?.dataset.count)
  say(count === 0 ? 'Nothing matches' : `Showing ${count} products`)
}

async function send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const { page } = await post(form, submitter)
  swap(page, form.dataset.swap ?? '')
  cartChanged(page)
  focusProblem(document.querySelector(form.dataset.swap ?? '') ?? document)
}
