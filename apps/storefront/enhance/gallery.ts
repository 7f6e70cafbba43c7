import { isPlainClick } from './swap.ts'

// The small pictures move the strip and not the page, and the one that is shown is marked.

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>('.thumbs a')
  if (!link || !isPlainClick(event)) return
  const picture = document.querySelector<HTMLElement>(new URL(link.href).hash)
  const strip = picture?.closest('.gallery-strip')
  if (!picture || !strip) return
  event.preventDefault()
  strip.scrollTo({ left: picture.offsetLeft - (strip as HTMLElement).offsetLeft })
})

function watch(): void {
  for (const strip of document.querySelectorAll<HTMLElement>('[data-gallery]:not([data-ready]) .gallery-strip')) {
    const gallery = strip.closest<HTMLElement>('[data-gallery]')
    if (!gallery) continue
    gallery.dataset.ready = ''
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const link = gallery.querySelector(`.thumbs a[href="#${target.id}"]`)
          if (isIntersecting) link?.setAttribute('aria-current', 'true')
          else link?.removeAttribute('aria-current')
        }
      },
      { root: strip, threshold: 0.6 },
    )
    for (const picture of strip.children) observer.observe(picture)
  }
}

watch()
document.addEventListener('stoa:swap', watch)
