// Minus and plus beside a number, for fingers.

const buttons = [
  { step: -1, label: 'One less', text: '−' },
  { step: 1, label: 'One more', text: '+' },
] as const

/** Milliseconds after the last press before the number counts as chosen. */
const pauseMs = 350

function decorate(): void {
  for (const stepper of document.querySelectorAll<HTMLElement>('[data-stepper]:not([data-ready])')) {
    const input = stepper.querySelector('input')
    if (!input) continue
    stepper.dataset.ready = ''
    let timer = 0
    for (const { step, label, text } of buttons) {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'step-button'
      button.ariaLabel = label
      button.textContent = text
      button.addEventListener('click', () => {
        const next = (Number(input.value) || 0) + step
        if (next < Number(input.min) || next > Number(input.max)) return
        input.value = String(next)
        clearTimeout(timer)
        timer = window.setTimeout(() => input.dispatchEvent(new Event('change', { bubbles: true })), pauseMs)
      })
      if (step < 0) stepper.prepend(button)
      else stepper.append(button)
    }
  }
}

decorate()
document.addEventListener('stoa:swap', decorate)
