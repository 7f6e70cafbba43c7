import { formatMoney } from '#kernel/money'
import { brandName, type CardInput, type CardProblem, declineMessages, testCards } from '../cards.ts'
import { type Payment, pageUrl } from '../payment.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

/** The card fields for the shop's own checkout page, which sees a token and never what is typed here. */
export function fieldsPage({
  origin,
  publicKey,
  theme,
}: {
  origin: string
  publicKey: string
  theme?: 'light' | 'dark'
}) {
  return layout({
    title: 'Card details',
    kind: 'frame',
    script: true,
    origin,
    ...(theme ? { theme } : {}),
    body: html`<main aria-label="Card details">
<noscript><p class="note">Your browser runs no scripts here, so your card is asked on the next page.</p></noscript>
<form id="card" class="scripted" data-public-key="${publicKey}" novalidate>
${cardInputs([])}
<p class="alert" id="card-alert" role="alert" hidden></p>
</form>
${testCardList}
</main>`,
  })
}

/** The hosted payment page: everything that the fields do, without a script, on our own origin. */
export function payPage(payment: Payment, pagesUrl: string, problems: readonly CardProblem[] = []): string {
  const amount = formatMoney({ amount: payment.amount, currency: payment.currency }, 'en')
  const url = pageUrl(payment, pagesUrl)
  return layout({
    title: `Pay ${amount}`,
    kind: 'form',
    script: true,
    body: html`<main class="split">
<section class="summary">
<h1><span class="muted">Pay ${shopName(payment)}</span> <span class="amount">${amount}</span></h1>
<dl class="facts"><dt>Order</dt><dd>${payment.orderId}</dd></dl>
<p class="muted">A rehearsal of paying: use one of the test cards. Real card numbers are refused.</p>
</section>
<section class="panel">
<h2>Card details</h2>
${payment.declineReason ? html`<p class="alert" role="alert">${declineMessages[payment.declineReason]}</p>` : null}
<form id="card" method="post" action="${url}" novalidate>
${cardInputs(problems)}
<button class="button wide">Pay ${amount}</button>
</form>
<form method="post" action="${url}/cancel"><button class="button quiet wide">Cancel and return</button></form>
${testCardList}
</section>
</main>`,
  })
}

/** The issuer asks whether it is really the shopper: 3-D Secure, as a plain form. */
export function challengePage(payment: Payment, pagesUrl: string): string {
  const url = pageUrl(payment, pagesUrl)
  return layout({
    title: 'Confirm your payment',
    kind: 'form',
    body: html`<main class="panel">
<p class="eyebrow"><svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M12 3 5 6v5c0 4.6 2.9 8.2 7 10 4.1-1.8 7-5.4 7-10V6l-7-3Zm-3 9 2.2 2.2L15.5 10" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>3-D Secure</p>
<h1>Confirm your payment</h1>
<p class="muted">Your bank would now ask whether it is you, in its app or by a code. Here you decide how that goes.</p>
<dl class="facts">
<dt>To</dt><dd>${shopName(payment)}</dd>
<dt>Amount</dt><dd>${formatMoney({ amount: payment.amount, currency: payment.currency }, 'en')}</dd>
<dt>Card</dt><dd>${brandName(payment.brand)} ending in ${payment.last4}</dd>
<dt>Order</dt><dd>${payment.orderId}</dd>
</dl>
<form method="post" action="${url}" class="choices">
<button class="button wide" name="decision" value="approve">Approve</button>
<button class="button quiet wide" name="decision" value="decline">Decline</button>
<button class="link" name="decision" value="abandon">Leave without deciding</button>
</form>
</main>`,
  })
}

export const shopName = (payment: Payment): string => (payment.returnUrl ? new URL(payment.returnUrl).host : 'the shop')

function cardInputs(problems: readonly CardProblem[]): Html {
  const input = (field: keyof CardInput, label: string, attributes: Html): Html => {
    const problem = problems.find((one) => one.field === field)
    return html`<p class="field ${field}">
<label for="${field}">${label}</label>
<input id="${field}" name="${field}" required inputmode="numeric" aria-describedby="${field}-problem"${problem ? html` aria-invalid="true"` : null} ${attributes}>
${field === 'number' ? html`<span class="brand" id="brand" aria-hidden="true"></span>` : null}
<span class="problem" id="${field}-problem" aria-live="polite">${problem ? problem.message : null}</span>
</p>`
  }
  return html`<div class="fields">
${input('number', 'Card number', html`autocomplete="cc-number" placeholder="4242 4242 4242 4242" maxlength="24"`)}
${input('expiry', 'Expiry', html`autocomplete="cc-exp" placeholder="MM / YY" maxlength="9"`)}
${input('cvc', 'Security code', html`autocomplete="cc-csc" placeholder="123" maxlength="4"`)}
</div>`
}

const grouped = (number: string): string =>
  number.length === 15 ? number.replace(/^(\d{4})(\d{6})/, '$1 $2 ') : number.replace(/\d{4}(?=\d)/g, '$& ')

const testCardList = html`<details class="test-cards">
<summary>Test cards</summary>
<p class="muted">Any date in the future, any security code. These numbers are no one’s.</p>
<ul>${testCards.map(
  ({ number, brand, does }) =>
    html`<li><button type="button" data-number="${number}" data-brand="${brand}"><span class="digits">${grouped(number)}</span> <span class="muted">${does}</span></button></li>`,
)}</ul>
</details>`
