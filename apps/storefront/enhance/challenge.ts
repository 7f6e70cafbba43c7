import { stripeOf } from './stripe.ts'
import { busily } from './swap.ts'

// The bank asks whether it is the shopper. The provider's script shows the question over this page; whatever comes of it, the
// shop's server asks the provider, so this script only leads on.

const place = document.querySelector<HTMLElement>('[data-challenge]')
if (place) prepare(place)

function prepare(place: HTMLElement): void {
  const button = place.querySelector('button')
  const problem = place.querySelector<HTMLElement>('[role=alert]')
  const ask = (): Promise<void> =>
    busily(
      place,
      async () => {
        if (button) button.ariaBusy = 'true'
        await answer(place)
      },
      () => {
        if (button) button.ariaBusy = null
        if (!problem) return
        problem.hidden = false
        problem.textContent = 'Your bank’s question could not be shown. Look at your connection and try again.'
      },
    )
  button?.addEventListener('click', ask)
  // Who comes from the checkout expects it; who opens the order later is not met by a dialog.
  const address = new URL(location.href)
  if (!address.searchParams.has('placed')) return
  address.searchParams.delete('placed')
  history.replaceState(null, '', address)
  void ask()
}

async function answer({ dataset }: HTMLElement): Promise<void> {
  const { challenge = '', script = '', publicKey = '', return: back = '/' } = dataset
  const stripe = await stripeOf({ script, publicKey })
  await stripe.handleNextAction({ clientSecret: challenge })
  location.assign(back)
}
