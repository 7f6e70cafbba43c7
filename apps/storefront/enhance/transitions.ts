// A product's picture grows from its card into its page, and back. The product page names its picture by style; here the
// card that was clicked, or that is returned to, gets the same name for as long as the transition lasts.

type Transition = { readonly viewTransition: { readonly finished: Promise<void> } | null }

const name = 'product-picture'
let clicked: HTMLElement | null = null

document.addEventListener('click', (event) => {
  clicked = (event.target as Element).closest('a')?.querySelector<HTMLElement>('[data-shared]') ?? null
})

addEventListener('pageswap', (event) => {
  const { viewTransition } = event as unknown as Transition
  if (!viewTransition || !clicked) return
  for (const own of document.querySelectorAll<HTMLElement>('.gallery-picture')) own.style.viewTransitionName = 'none'
  clicked.style.viewTransitionName = name
})

addEventListener('pagereveal', (event) => {
  const { viewTransition } = event as unknown as Transition
  const card = clicked
  if (!viewTransition || !card) return
  card.style.viewTransitionName = name
  viewTransition.finished.finally(() => {
    card.style.viewTransitionName = ''
    for (const own of document.querySelectorAll<HTMLElement>('.gallery-picture')) own.style.viewTransitionName = ''
  })
})
