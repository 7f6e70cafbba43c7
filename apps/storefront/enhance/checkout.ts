import { fieldsOf } from './stripe.ts'
import { busily, focusProblem, post, swap } from './swap.ts'

// The checkout with scripts: total and shipping follow the address, and the provider's card fields give a token before the
// form goes. What is typed into them never reaches this page. The protocol of frames is described in the provider's `card.js`.

const form = document.querySelector<HTMLFormElement>('form[data-checkout]')
if (form) enhance(form)

/** What the server draws anew when the details change; never the frame with the card in it. */
const parts = '#methods #summary #pay #checkout-messages'
/** Milliseconds a provider may take to turn a card into a token. */
const tokenMs = 15_000

function enhance(form: HTMLFormElement): void {
  const frame = () => form.querySelector<HTMLIFrameElement>('iframe.card-frame:not([hidden])')
  const script = () => form.querySelector<HTMLElement>('.card-script:not([hidden]) .card-fields')
  const input = (name: string) => form.elements.namedItem(name) as HTMLInputElement
  let timer = 0
  let isPaying = false

  const refresh = (): void => {
    clearTimeout(timer)
    timer = window.setTimeout(async () => {
      const answer = await post(form, button('refresh')).catch(() => null)
      if (answer && !isPaying) redraw(answer.page)
    }, 250)
  }
  form.addEventListener('change', ({ target }) => {
    const { name } = target as HTMLInputElement
    if (name === 'provider') {
      tell('')
      showFields(form)
      drawFields(script())
    }
    if (name === 'shippingMethod' || (name.startsWith('shippingAddress/') && isComplete(form))) refresh()
  })

  form.addEventListener('input', ({ target }) => clearProblem(target as HTMLElement))

  form.addEventListener('submit', (event) => {
    const submitter = event.submitter as HTMLButtonElement | null
    if (isPaying || submitter?.value !== 'pay') return
    event.preventDefault()
    clearTimeout(timer)
    busily(
      form,
      () => pay(submitter),
      () => send(submitter),
    )
  })

  /** First the form is checked, then the card: nobody has to type a card twice for a missing postal code. */
  async function pay(submitter: HTMLButtonElement): Promise<void> {
    const seen = amountsIn(document)
    const { page, ok } = await post(form, button('check'))
    if (!page.getElementById('checkout')) return send(submitter)
    const now = amountsIn(page)
    showProblems(page)
    redraw(page)
    if (!ok) return focusProblem(form)
    if (now !== seen) return tell('The total has changed. Please look at it once more before you pay.')
    const [card, fields] = [frame(), script()]
    const due = Number(input('expectedDue').value)
    const answer = card ? await tokenOf(card) : fields ? await (await fieldsOf(fields)).token(due) : null
    if (answer && 'message' in answer) return tell(answer.message)
    input('token').value = answer?.token ?? ''
    send(document.querySelector<HTMLButtonElement>('#pay button') ?? submitter)
  }

  function redraw(page: Document): void {
    swap(page, parts)
    showFields(form)
    drawFields(script())
  }

  function send(submitter: HTMLButtonElement): void {
    isPaying = true
    submitter.ariaBusy = 'true'
    form.requestSubmit(submitter)
  }

  listen(frame)
  drawFields(script())
  // An address known from the account is complete, but the cart has not heard of it.
  if (isComplete(form) && !form.querySelector('[name=shippingMethod]')) refresh()
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload()
  })
}

function button(value: string): HTMLButtonElement {
  const made = document.createElement('button')
  made.name = 'intent'
  made.value = value
  made.hidden = true
  document.querySelector('form[data-checkout]')?.append(made)
  setTimeout(() => made.remove())
  return made
}

/** Marks the fields that the server found wrong, beside what is typed, and unmarks the others. */
function showProblems(page: Document): void {
  for (const field of document.querySelectorAll('#checkout .field')) {
    const id = field.querySelector('input, select')?.id
    const answered = id ? page.getElementById(id)?.closest('.field') : null
    const control = field.querySelector('input, select')
    const problem = answered?.querySelector('.problem')
    field.querySelector('.problem')?.remove()
    field.classList.toggle('field-wrong', Boolean(problem))
    control?.toggleAttribute('aria-invalid', Boolean(problem))
    if (!problem || !control) continue
    control.setAttribute('aria-invalid', 'true')
    control.setAttribute('aria-describedby', problem.id)
    field.append(document.adoptNode(problem))
  }
}

/** What is being mended is not wrong any more until it has been looked at again. */
function clearProblem(control: HTMLElement): void {
  const field = control.closest('.field-wrong')
  field?.classList.remove('field-wrong')
  field?.querySelector('.problem')?.remove()
  control.removeAttribute('aria-invalid')
}

function isComplete(form: HTMLFormElement): boolean {
  const required = form.querySelectorAll<HTMLInputElement>('[name^="shippingAddress/"][required]')
  return required.length > 0 && [...required].every(({ value }) => value.trim())
}

/** The fields of the chosen provider, while gift cards leave something to pay. */
function showFields(form: HTMLFormElement): void {
  const fields = new FormData(form)
  const isDue = fields.get('expectedDue') !== '0'
  for (const part of form.querySelectorAll<HTMLElement>('[data-provider]'))
    part.hidden = !isDue || part.dataset.provider !== fields.get('provider')
  document.getElementById('nothing-due')?.toggleAttribute('hidden', isDue)
}

/** Draws a provider's own fields, once they are wanted: until then its script is not loaded. */
function drawFields(place: HTMLElement | null): void {
  if (place)
    void fieldsOf(place).catch(() =>
      tell('The card fields could not be loaded. Look at your connection and load this page again.'),
    )
}

/** The total and what is left of it to pay, as a page has them. */
const amountsIn = (page: Document): string =>
  ['expectedTotal', 'expectedDue'].map((name) => page.querySelector<HTMLInputElement>(`[name=${name}]`)?.value).join()

function tell(message: string): void {
  const place = document.getElementById('card-problem')
  if (!place) return
  place.hidden = message === ''
  place.textContent = message
}

type FrameMessage = {
  readonly source: 'stoa-card-fields'
  readonly type: string
  readonly requestId?: string
  readonly token?: string
  readonly message?: string
  readonly height?: number
}

/** A message of the frame itself, from the origin it was loaded from; null for anybody else's. */
function messageOf(event: MessageEvent, frame: HTMLIFrameElement | null): FrameMessage | null {
  if (!frame || event.source !== frame.contentWindow || event.origin !== new URL(frame.src).origin) return null
  return event.data?.source === 'stoa-card-fields' ? event.data : null
}

function listen(frame: () => HTMLIFrameElement | null): void {
  addEventListener('message', (event) => {
    const message = messageOf(event, frame())
    if (message?.type === 'height' && Number.isFinite(message.height)) {
      // Between a line of fields and a list of test cards.
      const height = Math.min(1_200, Math.max(60, Number(message.height)))
      frame()?.style.setProperty('height', `${height}px`)
    }
    if (message?.type === 'change') tell('')
    if (message?.type === 'submit') document.querySelector<HTMLButtonElement>('#pay button')?.click()
  })
}

function tokenOf(frame: HTMLIFrameElement): Promise<{ token: string } | { message: string }> {
  const requestId = crypto.randomUUID()
  return new Promise((resolve) => {
    const end = (answer: { token: string } | { message: string }): void => {
      removeEventListener('message', hear)
      clearTimeout(timer)
      resolve(answer)
    }
    const hear = (event: MessageEvent): void => {
      const message = messageOf(event, frame)
      if (message?.requestId !== requestId) return
      if (message.type === 'token' && message.token) end({ token: message.token })
      if (message.type === 'error') end({ message: message.message ?? 'The card could not be read.' })
    }
    const timer = setTimeout(() => end({ message: 'The payment provider does not answer. Please try again.' }), tokenMs)
    addEventListener('message', hear)
    frame.contentWindow?.postMessage(
      { target: 'stoa-card-fields', type: 'tokenize', requestId },
      new URL(frame.src).origin,
    )
  })
}
