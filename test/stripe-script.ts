import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestStripe } from '../providers/payments/stripe/test-stripe.ts'

// A stand-in for Stripe.js, the outside world of the shop's pages: it draws an iframe of its own origin, makes a confirmation
// token of what is typed there, and asks what a bank asks. It takes and answers what Stripe documents of these functions.

/** What a card number does; Stripe's own test cards (https://docs.stripe.com/testing). */
const tokens: Readonly<Record<string, string>> = {
  '4242424242424242': 'ctoken_ok',
  '4000002760003184': 'ctoken_3ds',
  '4000000000009995': 'ctoken_poor',
}

const script = /* js */ `
const origin = new URL(document.currentScript.src).origin
const checked = (options, known) => {
  for (const name of Object.keys(options)) if (!known.includes(name)) throw new Error('Stripe.js: unknown option ' + name)
}
window.Stripe = (key, options) => {
  if (!key.startsWith('pk_test_')) throw new Error('Stripe.js: ' + key + ' is no publishable key')
  const ask = (frame, message) => new Promise((resolve) => {
    const heard = (event) => {
      if (event.source !== frame.contentWindow || event.origin !== origin) return
      removeEventListener('message', heard)
      resolve(event.data)
    }
    addEventListener('message', heard)
    frame.contentWindow.postMessage(message, origin)
  })
  return {
    elements(options) {
      checked(options, ['mode', 'amount', 'currency', 'captureMethod', 'allowedPaymentMethodTypes', 'appearance'])
      if (options.mode !== 'payment' || !(options.amount > 0)) throw new Error('Stripe.js: no amount')
      const group = { options, frame: null, submitted: false }
      return {
        group,
        create(type) {
          if (type !== 'payment') throw new Error('Stripe.js: no element ' + type)
          return {
            mount(place) {
              group.frame = document.createElement('iframe')
              group.frame.src = origin + '/fields'
              group.frame.title = 'Secure payment input frame'
              group.frame.style.cssText = 'width:100%;height:13rem;border:0'
              place.append(group.frame)
            },
          }
        },
        update(changes) { Object.assign(options, changes) },
        async submit() {
          const { number } = await ask(group.frame, 'read')
          group.submitted = true
          return number.length === 16 ? {} : { error: { type: 'validation_error', message: 'Your card number is incomplete.' } }
        },
      }
    },
    async createConfirmationToken({ elements }) {
      if (!elements.group.submitted) throw new Error('Stripe.js: elements.submit() comes first')
      const { token } = await ask(elements.group.frame, 'tokenize')
      return { confirmationToken: { id: token, object: 'confirmation_token' } }
    },
    handleNextAction({ clientSecret }) {
      return new Promise((resolve) => {
        const frame = document.createElement('iframe')
        frame.src = origin + '/bank'
        frame.title = 'Your bank'
        frame.style.cssText = 'position:fixed;inset:10%;width:80%;height:80%;background:white;border:0'
        document.body.append(frame)
        addEventListener('message', async (event) => {
          if (event.source !== frame.contentWindow || event.origin !== origin) return
          await fetch(origin + '/answer', { method: 'POST', body: JSON.stringify({ clientSecret, approve: event.data.approve }) })
          frame.remove()
          const failed = { error: { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' } }
          resolve(event.data.approve ? { paymentIntent: { status: 'succeeded' } } : failed)
        })
      })
    },
  }
}
`

const page = (body: string): string => `<!doctype html><meta charset="utf-8"><title>Stripe</title>${body}`

const fields = page(`<label>Card number <input name="number" autocomplete="off"></label><script>
const tokens = ${JSON.stringify(tokens)}
addEventListener('message', (event) => {
  const number = document.querySelector('input').value.replaceAll(' ', '')
  event.source.postMessage(event.data === 'read' ? { number } : { token: tokens[number] ?? 'ctoken_of_nobody' }, event.origin)
})</script>`)

const bank = page(`<h1>Your bank</h1><button>Approve</button> <button>Decline</button><script>
for (const button of document.querySelectorAll('button'))
  button.onclick = () => parent.postMessage({ approve: button.textContent === 'Approve' }, '*')</script>`)

/** Serves the stand-in. @returns the address that the shop is told for Stripe.js */
export async function startStripeScript(stripe: TestStripe): Promise<{ scriptUrl: string; stop(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const say = (type: string, text: string): void =>
      void response
        .writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'access-control-allow-origin': '*' })
        .end(text)
    if (request.url === '/stripe.js') return say('text/javascript', script)
    if (request.url === '/fields') return say('text/html', fields)
    if (request.url === '/bank') return say('text/html', bank)
    if (request.url !== '/answer') return void response.writeHead(404).end()
    const { clientSecret, approve } = JSON.parse(await bodyOf(request)) as { clientSecret: string; approve: boolean }
    stripe.answerChallenge(clientSecret, approve)
    say('application/json', '{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    scriptUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/stripe.js`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
