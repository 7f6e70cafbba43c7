import type { Stripe, StripeConstructor } from '@stripe/stripe-js'

// Stripe's own card fields and its dialog with the bank. Its script comes from Stripe's address, as Stripe demands, and only on
// pages that carry that address. It has no integrity attribute: Stripe mends the file there without a word.

export type Token = { readonly token: string } | { readonly message: string }

type Place = { readonly script: string; readonly publicKey: string }
type ScriptPolicy = { createPolicy(name: 'default', rules: { createScriptURL(url: string): string }): unknown }

const loaded = new Map<string, Promise<Stripe>>()

/** Stripe's library for the key of a place that names both; it is loaded once a page. */
export function stripeOf({ script, publicKey }: Place): Promise<Stripe> {
  const known = loaded.get(script)
  if (known) return known
  const loading = load(script).then((stripe) => stripe(publicKey, { locale: 'auto' }))
  loaded.set(script, loading)
  // Whoever asks again tries again.
  loading.catch(() => loaded.delete(script))
  return loading
}

async function load(url: string): Promise<StripeConstructor> {
  allowScriptsOf(new URL(url))
  return new Promise((resolve, reject) => {
    const element = document.createElement('script')
    element.src = url
    element.onload = () => {
      const { Stripe: stripe } = window as { Stripe?: StripeConstructor }
      if (stripe) resolve(stripe)
      else reject(new Error(`${url} is not Stripe's library`))
    }
    element.onerror = () => reject(new Error(`${url} was not loaded`))
    document.head.append(element)
  })
}

let isAllowed = false

/** Scripts may be added to this page from one host and those below it, whoever adds them (Trusted Types). */
function allowScriptsOf({ protocol, host }: URL): void {
  const { trustedTypes } = window as { trustedTypes?: ScriptPolicy }
  if (isAllowed) return
  isAllowed = true
  trustedTypes?.createPolicy('default', {
    createScriptURL(url) {
      const asked = new URL(url, location.href)
      if (asked.protocol === protocol && (asked.host === host || asked.host.endsWith(`.${host}`))) return url
      throw new TypeError(`No script of ${asked.origin} is wanted on this page.`)
    },
  })
}

export type Fields = {
  /** @param amount what is going to be paid, in minor units: Stripe shows it nowhere, and is told the truth by the shop's server */
  token(amount: number): Promise<Token>
}

const drawn = new WeakMap<HTMLElement, Promise<Fields>>()

/** The card fields at a place of the checkout, drawn at the first call. */
export function fieldsOf(place: HTMLElement): Promise<Fields> {
  const known = drawn.get(place)
  if (known) return known
  const drawing = draw(place)
  drawn.set(place, drawing)
  drawing.catch(() => drawn.delete(place))
  return drawing
}

async function draw(place: HTMLElement): Promise<Fields> {
  const { script = '', publicKey = '', currency = '', capture } = place.dataset
  const stripe = await stripeOf({ script, publicKey })
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches
  const elements = stripe.elements({
    mode: 'payment',
    // Anything above the least that Stripe takes, until the total is known.
    amount: 1_000,
    currency,
    captureMethod: capture === 'manual' ? 'manual' : 'automatic',
    allowedPaymentMethodTypes: ['card'],
    appearance: { theme: isDark ? 'night' : 'stripe' },
  })
  elements.create('payment', { wallets: { applePay: 'never', googlePay: 'never', link: 'never' } }).mount(place)
  return {
    async token(amount) {
      elements.update({ amount })
      const { error: incomplete } = await elements.submit()
      if (incomplete) return { message: incomplete.message ?? 'Please look at your card details once more.' }
      const { confirmationToken, error } = await stripe.createConfirmationToken({ elements })
      return confirmationToken
        ? { token: confirmationToken.id }
        : { message: error.message ?? 'The card could not be read. Please try again.' }
    },
  }
}
