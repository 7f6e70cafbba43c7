import { busily, focusProblem, isPlainClick, load, post, swap } from './swap.ts'
import { cartChanged } from './visitor.ts'

// The cart beside the page: what /cart shows, in a dialog. On /cart itself there is nothing to do.

const isCartPage = (): boolean => document.getElementById('cart-title') !== null

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[data-cart]')
  if (!link || !isPlainClick(event) || isCartPage()) return
  event.preventDefault()
  const show = async (): Promise<void> => openDrawer((await load(link.href)).page)
  busily(link, show, () => location.assign(link.href))
})

document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement
  if (!('addToCart' in form.dataset) || event.defaultPrevented) return
  event.preventDefault()
  const { submitter } = event
  busily(
    form,
    () => add(form, submitter),
    () => form.submit(),
  )
})

async function add(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const { page, ok } = await post(form, submitter)
  if (!ok) {
    swap(page, `#${form.id}`)
    focusProblem(document.getElementById(form.id) ?? document)
    return
  }
  openDrawer(page)
  cartChanged(page)
}

function openDrawer(page: Document): void {
  const cart = page.getElementById('cart')
  if (!cart) throw new Error('no cart in the answer')
  const drawer = document.querySelector<HTMLDialogElement>('#drawer') ?? createDrawer()
  drawer.querySelector('.drawer-body')?.replaceChildren(document.adoptNode(cart))
  document.dispatchEvent(new Event('stoa:swap'))
  if (!drawer.open) drawer.showModal()
}

function createDrawer(): HTMLDialogElement {
  const drawer = make('dialog', { id: 'drawer', class: 'drawer', 'aria-labelledby': 'drawer-title', closedby: 'any' })
  const head = make('div', { class: 'drawer-head' })
  const title = make('h2', { id: 'drawer-title' })
  title.textContent = 'Your cart'
  const close = make('button', { class: 'icon-button drawer-close', type: 'button', 'aria-label': 'Close' })
  close.addEventListener('click', () => drawer.close())
  head.append(title, close)
  drawer.append(head, make('div', { class: 'drawer-body' }))
  // For browsers that do not know `closedby`: the dialog itself is hit only beside its content.
  drawer.addEventListener('click', (event) => {
    if (event.target === drawer) drawer.close()
  })
  document.body.append(drawer)
  return drawer
}

function make<N extends keyof HTMLElementTagNameMap>(
  name: N,
  attributes: Record<string, string>,
): HTMLElementTagNameMap[N] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
