// The card fields: spacing while typing, test cards by a tap, and, in a shop's frame, a token for the shop.
//
// Between frame and shop, by postMessage; each message carries `source` or `target: 'stoa-card-fields'`:
//   frame → shop  {type: 'ready'}
//                 {type: 'height', height}                      pixels the frame wants
//                 {type: 'change', complete, brand}             brand: 'visa' | 'mastercard' | 'amex' | null
//                 {type: 'submit'}                              the shopper pressed Enter
//                 {type: 'token', requestId, token, card}       card: {brand, last4}
//                 {type: 'error', requestId, message}
//   shop → frame  {type: 'tokenize', requestId}
//                 {type: 'focus'}
// The frame speaks to the registered origin alone, and hears no other.

const form = document.getElementById('card')
const number = document.getElementById('number')
const expiry = document.getElementById('expiry')
const cvc = document.getElementById('cvc')
const inputs = [number, expiry, cvc]
const cards = [...document.querySelectorAll('[data-number]')]

const digits = (text) => text.replace(/\D/g, '')
const brandOf = (value) => {
  if (/^4/.test(value)) return 'visa'
  if (/^(5[1-5]|2[2-7])/.test(value)) return 'mastercard'
  return /^3[47]/.test(value) ? 'amex' : null
}

let told = { complete: false, brand: null }

/** Formats what was typed, leaving the caret alone while someone edits in the middle. */
function format(input, formatted) {
  if (input.selectionStart !== input.value.length) return
  if (input.value !== formatted) input.value = formatted
}

function onInput(event) {
  const value = digits(number.value)
  const brand = brandOf(value)
  if (event?.target === number) {
    const groups = brand === 'amex' ? /^(.{1,4})(.{1,6})?(.{1,5})?/ : /^(.{1,4})(.{1,4})?(.{1,4})?(.{1,7})?/
    format(number, (groups.exec(value) ?? ['']).slice(1).filter(Boolean).join(' '))
  }
  if (event?.target === expiry && event.inputType !== 'deleteContentBackward') {
    const typed = digits(expiry.value).replace(/^([2-9])/, '0$1')
    if (!/\//.test(expiry.value) || typed.length <= 4) {
      format(expiry, typed.length >= 2 ? `${typed.slice(0, 2)} / ${typed.slice(2, 4)}` : typed)
    }
  }
  if (event?.target) explain(event.target, '')
  form.dataset.brand = brand ?? ''
  const complete = isComplete(brand)
  if (complete === told.complete && brand === told.brand) return
  told = { complete, brand }
  tell({ type: 'change', ...told })
}

const isComplete = (brand) =>
  digits(number.value).length === (brand === 'amex' ? 15 : 16) &&
  digits(expiry.value).length >= 4 &&
  cvc.value.length === (brand === 'amex' ? 4 : 3)

function explain(input, message) {
  if (message) input.setAttribute('aria-invalid', 'true')
  else input.removeAttribute('aria-invalid')
  document.getElementById(`${input.id}-problem`).textContent = message
}

for (const input of inputs) input.addEventListener('input', onInput)
for (const card of cards) {
  card.addEventListener('click', () => {
    const amex = card.dataset.brand === 'amex'
    number.value = card.querySelector('.digits').textContent
    expiry.value = `12 / ${String(new Date().getFullYear() + 3).slice(2)}`
    cvc.value = amex ? '1234' : '123'
    for (const input of inputs) explain(input, '')
    onInput()
  })
}

// ---- in a shop's frame ----

const origin = document.body.dataset.origin
const alertBox = document.getElementById('card-alert')

function tell(message) {
  if (origin && parent !== window) parent.postMessage({ source: 'stoa-card-fields', ...message }, origin)
}

async function tokenize(requestId) {
  const fail = (message) => tell({ type: 'error', requestId, message })
  alertBox.hidden = true
  for (const input of inputs) explain(input, '')
  // A number that is no test card does not leave this page.
  if (!cards.some((card) => card.dataset.number === digits(number.value))) {
    const message = digits(number.value)
      ? 'This is a sandbox: use one of the test cards, never a real one.'
      : 'Enter the card number.'
    explain(number, message)
    number.focus()
    return fail(message)
  }
  try {
    const response = await fetch('/fields/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        publicKey: form.dataset.publicKey,
        number: number.value,
        expiry: expiry.value,
        cvc: cvc.value,
      }),
      signal: AbortSignal.timeout(10_000),
    })
    const answer = await response.json()
    if (response.ok) return tell({ type: 'token', requestId, token: answer.token, card: answer.card })
    const problems = answer.errors ?? []
    for (const { field, message } of problems) explain(document.getElementById(field), message)
    if (problems[0]) document.getElementById(problems[0].field).focus()
    fail(problems[0]?.message ?? 'The card could not be read. Try again.')
  } catch {
    alertBox.textContent = 'The payment provider did not answer. Try again.'
    alertBox.hidden = false
    fail(alertBox.textContent)
  }
}

if (origin) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    tell({ type: 'submit' })
  })
  // A form with several fields and no button is not submitted by Enter.
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target instanceof HTMLInputElement) tell({ type: 'submit' })
  })
  addEventListener('message', (event) => {
    if (event.origin !== origin || event.source !== parent || event.data?.target !== 'stoa-card-fields') return
    if (event.data.type === 'tokenize') tokenize(event.data.requestId)
    if (event.data.type === 'focus') number.focus()
  })
  new ResizeObserver(() =>
    tell({ type: 'height', height: Math.ceil(document.querySelector('main').getBoundingClientRect().height) }),
  ).observe(document.querySelector('main'))
  tell({ type: 'ready' })
}
