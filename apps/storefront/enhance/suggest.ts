import { parse } from './swap.ts'

// Suggestions while somebody types: a combobox as in the ARIA Authoring Practices 1.2, with the options drawn by the shop.

/** Milliseconds without a key before the shop is asked. */
const pauseMs = 120

const form = document.querySelector<HTMLFormElement>('form[data-suggest]')
const input = form?.querySelector<HTMLInputElement>('input[type=search]')
if (form && input) enhance(form, input)

function enhance(form: HTMLFormElement, input: HTMLInputElement): void {
  let list: HTMLElement | null = null
  let timer = 0
  let asking: AbortController | null = null
  const set = (name: string, value: string | null): void =>
    value === null ? input.removeAttribute(name) : input.setAttribute(name, value)

  const close = (): void => {
    asking?.abort()
    list?.remove()
    list = null
    set('aria-expanded', 'false')
    set('aria-activedescendant', null)
  }

  const ask = async (): Promise<void> => {
    const q = input.value.trim()
    asking?.abort()
    if (q.length < 2) return close()
    asking = new AbortController()
    try {
      const response = await fetch(`${form.dataset.suggest}?${new URLSearchParams({ q })}`, { signal: asking.signal })
      const options = parse(await response.text()).getElementById('suggestions')
      if (!response.ok || !options || document.activeElement !== input) return close()
      list?.remove()
      list = document.adoptNode(options)
      form.append(list)
      set('aria-expanded', 'true')
      set('aria-activedescendant', null)
    } catch {
      // Overtaken by the next letter, or offline: the search itself still works.
    }
  }

  const move = (step: number): void => {
    const options = [...(list?.querySelectorAll<HTMLElement>('[role=option]') ?? [])]
    if (options.length === 0) return
    const now = options.findIndex((option) => option.getAttribute('aria-selected') === 'true')
    const next = options[(now + step + options.length + (now < 0 && step < 0 ? 1 : 0)) % options.length]
    for (const option of options) option.setAttribute('aria-selected', String(option === next))
    next?.scrollIntoView({ block: 'nearest' })
    set('aria-activedescendant', next?.id ?? null)
  }

  set('role', 'combobox')
  set('aria-autocomplete', 'list')
  set('aria-controls', 'suggestions')
  set('aria-expanded', 'false')
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = window.setTimeout(ask, pauseMs)
  })
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && list) {
      event.preventDefault()
      close()
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && list) {
      event.preventDefault()
      move(event.key === 'ArrowDown' ? 1 : -1)
    } else if (event.key === 'Enter') {
      const chosen = list?.querySelector<HTMLAnchorElement>('[aria-selected=true]')
      if (!chosen) return
      event.preventDefault()
      location.assign(chosen.href)
    }
  })
  form.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && form.contains(relatedTarget))) close()
  })
}
