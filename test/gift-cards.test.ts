import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { checkInvariants } from '../cli/verify.ts'
import { berlin, eventually, levels, sell } from './goods.ts'
import { asOwner } from './host.ts'
import { untilMinuteHasRoom } from './rate-window.ts'
import { shapes, startShop, type TestShop } from './shop.ts'

const eur = (amount: number) => ({ amount, currency: 'EUR' })
/** A mug of 20.00 and 4.90 shipping. */
const total = 2_490

for (const shape of shapes) {
  describe(`gift cards in the shape "${shape}"`, () => {
    let shop: TestShop
    let variantId: string
    before(async () => {
      shop = await startShop(shape)
      variantId = (await sell(shop, { handle: 'mug', onHand: 500 })).variantId
    })
    after(async () => {
      await shop?.stop()
    })

    const asStaff = (method: string, path: string, body?: unknown, key?: string) =>
      shop.api(method, path, body, { token: shop.staffToken, ...(key ? { key } : {}) })
    const issue = async (amount: number, more: object = {}) => {
      const issued = await asStaff('POST', '/api/admin/gift-cards', { amount: eur(amount), ...more })
      assert.equal(issued.status, 201, JSON.stringify(issued.body))
      return issued.body
    }
    const balanceOf = async (id: string): Promise<number> =>
      (await asStaff('GET', `/api/admin/gift-cards/${id}`)).body.balance.amount
    const cartWith = (...giftCards: string[]) =>
      shop.api('POST', '/api/carts', {
        lines: [{ variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
        giftCards,
      })
    const checkout = (cartId: string, token = 'tok_ok', more: object = {}, key: string = randomUUID()) =>
      shop.api('POST', `/api/carts/${cartId}/checkout`, { payment: { provider: 'sandbox', token }, ...more }, { key })

    test('staff issue a card: its code is in this answer, the same for the same key, and nowhere else', async () => {
      const key = randomUUID()
      const body = { amount: eur(5_000), note: 'For Ada', expiresAt: '2999-01-01T00:00:00Z' }
      const issued = await asStaff('POST', '/api/admin/gift-cards', body, key)
      assert.equal(issued.status, 201, JSON.stringify(issued.body))
      const { code, ...card } = issued.body
      assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/)
      assert.deepEqual(card, {
        id: card.id,
        last4: code.slice(-4),
        amount: eur(5_000),
        balance: eur(5_000),
        expiresAt: '2999-01-01T00:00:00Z',
        disabled: false,
        note: 'For Ada',
        createdAt: card.createdAt,
      })
      assert.deepEqual((await asStaff('POST', '/api/admin/gift-cards', body, key)).body, issued.body)
      const other = await asStaff('POST', '/api/admin/gift-cards', { amount: eur(1) }, key)
      assert.deepEqual([other.status, other.body.type], [422, '/problems/idempotency-key-reused'])

      const listed = await asStaff('GET', `/api/admin/gift-cards?last4=${code.slice(-4).toLowerCase()}`)
      assert.deepEqual(listed.body.items, [card])
      const { movements, ...detail } = (await asStaff('GET', `/api/admin/gift-cards/${card.id}`)).body
      assert.deepEqual(detail, card)
      assert.deepEqual(
        movements.map(({ kind, amount, orderId }: Record<string, unknown>) => [kind, amount, orderId]),
        [['issue', eur(5_000), null]],
      )
      assert.deepEqual(await tablesWith(shop.databaseUrl, code), [])
      assert.deepEqual(await tablesWith(shop.databaseUrl, code.replaceAll('-', '')), [])
    })

    test('staff add to a card and take from it, once for each key, and never more than there is', async () => {
      const card = await issue(1_000)
      const adjust = (amount: number, key: string = randomUUID(), currency = 'EUR') =>
        asStaff(
          'POST',
          `/api/admin/gift-cards/${card.id}/adjustments`,
          { amount: { amount, currency }, reason: 'Sorry' },
          key,
        )
      const key = randomUUID()
      const more = await adjust(500, key)
      assert.deepEqual([more.status, more.body.balance], [201, eur(1_500)], JSON.stringify(more.body))
      assert.deepEqual((await adjust(500, key)).body, more.body)
      const tooMuch = await adjust(-1_501)
      assert.deepEqual([tooMuch.status, tooMuch.body.type], [409, '/problems/payments/gift-card-short'])
      assert.deepEqual((await adjust(-1_500)).body.balance, eur(0))
      assert.equal((await adjust(0)).status, 422)
      assert.equal((await adjust(1, undefined, 'USD')).status, 422)
      assert.deepEqual(
        (await asStaff('GET', `/api/admin/gift-cards/${card.id}`)).body.movements.map(
          ({ kind, amount, reason }: { kind: string; amount: { amount: number }; reason: string }) => [
            kind,
            amount.amount,
            reason,
          ],
        ),
        [
          ['adjust', -1_500, 'Sorry'],
          ['adjust', 500, 'Sorry'],
          ['issue', 1_000, null],
        ],
      )
      const nobodys = await asStaff('POST', `/api/admin/gift-cards/gift_01m82mdqszeshtmk3qhva2qmch/adjustments`, {
        amount: eur(1),
        reason: 'x',
      })
      assert.equal(nobodys.status, 404)
    })

    test('what is no card is refused: no amount, too much, over already, without a key', async () => {
      const before = (await asStaff('GET', '/api/admin/gift-cards')).body.items.length
      for (const [body, field] of [
        [{ amount: eur(0) }, 'amount/amount'],
        [{ amount: eur(1_000_001) }, 'amount/amount'],
        [{ amount: { amount: 1, currency: 'euro' } }, 'amount/currency'],
        [{ amount: eur(1), expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
        [{ amount: eur(1), expiresAt: 'soon' }, 'expiresAt'],
      ] as const) {
        const refused = await asStaff('POST', '/api/admin/gift-cards', body)
        assert.equal(refused.status, 422, JSON.stringify(body))
        assert.deepEqual(refused.body.errors[0].field, field)
      }
      const keyless = await shop.api(
        'POST',
        '/api/admin/gift-cards',
        { amount: eur(1) },
        { token: shop.staffToken, key: null },
      )
      assert.equal(keyless.status, 400, JSON.stringify(keyless.body))
      assert.equal((await asStaff('GET', '/api/admin/gift-cards')).body.items.length, before)
    })

    test('a cart shows what each card pays and what is due, and never what is left on a card', async () => {
      const [small, large] = [await issue(500), await issue(5_000)]
      // However it was typed.
      const typed = small.code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
      const cart = await cartWith(typed, large.code, small.code)
      assert.equal(cart.status, 201, JSON.stringify(cart.body))
      const shown = {
        giftCards: [
          { id: small.id, last4: small.last4, amount: eur(500) },
          { id: large.id, last4: large.last4, amount: eur(1_990) },
        ],
        due: eur(0),
      }
      const { giftCards, due, totals } = cart.body
      assert.deepEqual({ giftCards, due, total: totals.total }, { ...shown, total: eur(total) })
      assert.doesNotMatch(JSON.stringify(cart.body), /"amount":5000\b/)
      // Those that are there are named by their ids; what is not named goes.
      const without = await shop.api('PATCH', `/api/carts/${cart.body.id}`, { giftCards: [large.id] })
      assert.deepEqual([without.status, without.body.giftCards.length, without.body.due], [200, 1, eur(0)])
      const again = await shop.api('PATCH', `/api/carts/${cart.body.id}`, { giftCards: [small.id] })
      assert.deepEqual([again.status, again.body.field], [422, 'giftCards/0'])
      const none = await shop.api('PATCH', `/api/carts/${cart.body.id}`, { giftCards: [] })
      assert.deepEqual([none.body.giftCards, none.body.due], [[], eur(total)])
      const six = await shop.api('PATCH', `/api/carts/${cart.body.id}`, { giftCards: Array(6).fill(small.code) })
      assert.equal(six.status, 422)
    })

    test('three requests sell with a gift card and a card, and the order shows both', async () => {
      const card = await issue(1_000)
      const cart = await cartWith(card.code)
      const key = randomUUID()
      const bought = await checkout(cart.body.id, 'tok_ok', { expectedTotal: eur(total), expectedDue: eur(1_490) }, key)
      assert.equal(bought.status, 201, JSON.stringify(bought.body))
      assert.deepEqual(
        (await checkout(cart.body.id, 'tok_ok', { expectedTotal: eur(total), expectedDue: eur(1_490) }, key)).body,
        bought.body,
      )
      const { id, token } = bought.body.order
      const order = await shop.api('GET', `/api/orders/${id}?token=${token}`)
      assert.deepEqual(
        [order.body.status, order.body.totals.total, order.body.giftCards, order.body.due],
        ['placed', eur(total), [{ last4: card.last4, amount: eur(1_000) }], eur(1_490)],
      )
      const paid = await asStaff('GET', `/api/admin/payments/${id}`)
      assert.deepEqual(
        [paid.body.payments.map((one: { amount: unknown }) => one.amount), paid.body.giftCards],
        [[eur(1_490)], [{ giftCardId: card.id, last4: card.last4, amount: eur(1_000), refunded: eur(0) }]],
      )
      assert.equal(await balanceOf(card.id), 0)

      const canceled = await asStaff('POST', `/api/admin/orders/${id}/cancel`, { reason: 'Wrong address' })
      assert.equal(canceled.status, 200, JSON.stringify(canceled.body))
      await eventually(1_000, () => balanceOf(card.id))
      await eventually(eur(1_000), async () => (await asStaff('GET', `/api/admin/orders/${id}`)).body.refunded)
    })

    test('a card pays it all without a provider; a refund of a part goes back to it', async () => {
      const card = await issue(3_000)
      const cart = await cartWith(card.code)
      const bought = await checkout(cart.body.id)
      assert.deepEqual(
        [bought.status, bought.body.order?.status, bought.body.payment?.status],
        [201, 'placed', 'captured'],
        JSON.stringify(bought.body),
      )
      const { id } = bought.body.order
      assert.deepEqual((await asStaff('GET', `/api/admin/payments/${id}`)).body.payments, [])
      const refunded = await asStaff('POST', `/api/admin/orders/${id}/refunds`, {
        amount: eur(700),
        reason: 'A scratch',
      })
      assert.deepEqual([refunded.status, refunded.body.refunded], [201, eur(700)], JSON.stringify(refunded.body))
      assert.equal(await balanceOf(card.id), 1_210)
      const sent = await asStaff('POST', `/api/admin/orders/${id}/fulfillments`, {})
      assert.deepEqual([sent.status, sent.body.status], [201, 'fulfilled'], JSON.stringify(sent.body))
    })

    test('what comes back to a card that has expired meanwhile can be spent for a year', async () => {
      const dated = { expiresAt: '2999-01-01T00:00:00Z' }
      const [card, untouched] = [await issue(3_000, dated), await issue(3_000, dated)]
      const bought = await checkout((await cartWith(card.code)).body.id)
      assert.equal(bought.status, 201, JSON.stringify(bought.body))
      await asOwner(
        shop,
        `update payments.gift_cards set expires_at = now() where id in ('${card.id}', '${untouched.id}')`,
      )
      const pays = async ({ code }: { code: string }) => (await cartWith(code)).status === 201
      assert.equal(await pays(card), false)
      const order = `/api/admin/orders/${bought.body.order.id}`
      const refunded = await asStaff('POST', `${order}/refunds`, { amount: eur(700), reason: 'A scratch' })
      assert.equal(refunded.status, 201, JSON.stringify(refunded.body))
      assert.deepEqual([await pays(card), await pays(untouched)], [true, false])
      const { expiresAt } = (await asStaff('GET', `/api/admin/gift-cards/${card.id}`)).body
      const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000
      assert.ok(days > 364 && days < 367, expiresAt)
    })

    test('a declined card gives it back; a card that was turned off pays nothing until it is on again', async () => {
      const card = await issue(1_000)
      const cart = await cartWith(card.code)
      assert.equal((await checkout(cart.body.id, 'tok_declined')).status, 402)
      assert.equal(await balanceOf(card.id), 1_000)
      const turn = (disabled: boolean) => asStaff('PATCH', `/api/admin/gift-cards/${card.id}`, { disabled })
      assert.equal((await turn(true)).body.disabled, true)
      const now = await shop.api('GET', `/api/carts/${cart.body.id}`)
      assert.deepEqual([now.body.giftCards[0].amount, now.body.due], [eur(0), eur(total)])
      const refused = await cartWith(card.code)
      assert.deepEqual([refused.status, refused.body.type], [422, '/problems/payments/gift-card-not-usable'])
      await turn(false)
      assert.equal((await checkout(cart.body.id, 'tok_ok', { expectedDue: eur(1_490) })).status, 201)
      const history = (await asStaff('GET', `/api/admin/gift-cards/${card.id}`)).body.movements
      assert.deepEqual(
        history.map(({ kind }: { kind: string }) => kind),
        ['use', 'enabled', 'disabled', 'return', 'use', 'issue'],
      )
    })

    test('a hundred checkouts on one card at once: exactly as many orders as it is worth', async () => {
      const goods = await sell(shop, { handle: `wanted-${randomUUID().slice(0, 8)}`, onHand: 100 })
      const card = await issue(9 * total + 1)
      const bodies = {
        lines: [{ variantId: goods.variantId, quantity: 1 }],
        email: 'ada@example.com',
        shippingAddress: berlin,
        giftCards: [card.code],
      }
      const carts = await Promise.all(
        Array.from({ length: 100 }, () => insist(() => shop.api('POST', '/api/carts', bodies))),
      )
      assert.ok(carts.every(({ status }) => status === 201))
      const answers = await Promise.all(
        carts.map(({ body }) => insist(() => checkout(body.id, 'tok_ok', { expectedDue: eur(0) }))),
      )
      const placed = answers.filter(({ status }) => status === 201)
      assert.equal(placed.length, 9)
      assert.ok(placed.every(({ body }) => body.order.status === 'placed'))
      assert.deepEqual(
        [...new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.type))].filter(
          (type) => !['/problems/payments/gift-card-short', '/problems/orders/price-changed'].includes(type),
        ),
        [],
      )
      assert.equal(await balanceOf(card.id), 1)
      await eventually({ onHand: 100, reserved: 0, allocated: 9 }, () => levels(shop, goods.variantId))
    })

    test('codes cannot be guessed: each kind of wrong code gets one answer, and soon nobody is answered', async () => {
      const [empty, dollars] = [
        await issue(1),
        (await asStaff('POST', '/api/admin/gift-cards', { amount: { amount: 100, currency: 'USD' } })).body,
      ]
      const spent = await cartWith(empty.code)
      assert.equal((await checkout(spent.body.id)).status, 201)
      const cart = (await cartWith()).body
      const said = new Set<string>()
      for (const code of [dollars.code, empty.code, 'ABCD-ABCD-ABCD-ABCD-ABCD', 'no code', cart.id]) {
        const refused = await cartWith(code)
        const { traceId: _, ...problem } = refused.body
        said.add(`${refused.status} ${JSON.stringify(problem)}`)
      }
      assert.deepEqual([...said].length, 1, [...said].join('\n'))
      assert.match([...said][0] ?? '', /^422 .*payments\/gift-card-not-usable/)

      const good = await issue(1_000)
      await untilMinuteHasRoom()
      let guesses = 0
      for (; guesses < 40; guesses++) {
        const guess = `ABCD-ABCD-ABCD-ABCD-${1_000 + guesses}`
        const answer =
          guesses % 2 === 0
            ? await cartWith(guess)
            : await shop.api('PATCH', `/api/carts/${cart.id}`, { giftCards: [guess] })
        if (answer.status === 429) break
        assert.equal(answer.status, 422)
      }
      assert.ok(guesses < 21, `${guesses} guesses were answered`)
      // From then on a right one tells nothing either, whichever cart it is for.
      assert.equal((await cartWith(good.code)).status, 429)
      assert.equal((await cartWith()).status, 201)
    })

    test('every invariant holds after all of this', async () => {
      const checks = await checkInvariants(shop.client, shop.databases)
      assert.deepEqual(
        checks.filter(({ violations }) => violations.length > 0),
        [],
      )
      assert.ok(checks.some(({ what, checked }) => /no gift card is below zero/.test(what) && checked > 5))
    })
  })
}

/** As a good client does: what was not answered, or still runs, is asked again. */
async function insist<A extends { readonly status: number; readonly body: { type?: string } }>(
  ask: () => Promise<A>,
): Promise<A> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    const isOpen = answer.status === 503 || answer.body.type === '/problems/idempotency-key-in-progress'
    if (!isOpen || attempt === 20) return answer
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Every table of every service that holds `text`. */
async function tablesWith(url: string, text: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`)
    const found: string[] = []
    for (const { name } of rows) {
      const hits = await client.query(`select 1 from ${name} t where t::text ilike $1 limit 1`, [`%${text}%`])
      if (hits.rowCount) found.push(name)
    }
    return found
  } finally {
    await client.end()
  }
}
