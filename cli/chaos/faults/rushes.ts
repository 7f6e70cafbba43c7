import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { checkout, type Wish, wishOf } from '../buyers.ts'
import { check, type Fault, type Heal, type Stage } from '../fault.ts'
import { promote, sell } from '../goods.ts'

/** So many at once find the machine's cores busy, and the last units wanted by far more than there are. */
const rushBuyers = 120
const lastUnits = 10
/** Half of the buyers have a coupon, which is good for so many of them. */
const lastUses = 4

export const rushes: readonly Fault[] = [
  {
    name: 'last-units',
    rows: ['F30'],
    what: `${rushBuyers} buyers at one moment for the last ${lastUnits} units, half of them with a coupon for ${lastUses}`,
    momentary: true,
    backWithinSeconds: 30,
    inject: rush,
  },
  {
    name: 'same-cart-twice',
    rows: ['F31'],
    what: 'carts that are ordered three times at once: under the same key twice, and under another',
    backWithinSeconds: 10,
    inject: sameCart,
  },
  {
    name: 'retry-storm',
    rows: ['F33'],
    what: 'nobody reaches the shop for 20 s, and everybody who waits asks again at one moment',
    secondsAtLeast: 20,
    backWithinSeconds: 60,
    inject: async ({ ground, buyers, seconds }) => {
      const { link } = ground.group('edge')
      link.set('refuse')
      buyers.heldUntil = Date.now() + seconds * 1_000
      return async () => {
        link.set('pass')
        return []
      }
    },
  },
]

async function rush({ staff, goods, buyers }: Stage): Promise<Heal> {
  const variantId = await sell(staff, goods.market, 'last-units', lastUnits)
  const coupon = 'LAST10'
  const promotionId = await promote(staff, coupon, lastUses)
  const wish: Wish = { lines: [{ variantId, quantity: 1 }], payment: 'tok_ok', coupon: null, asked: 'confirms' }
  const bought = await Promise.all(
    Array.from({ length: rushBuyers }, (_, count) => buyers.buy(count % 2 === 0 ? wish : { ...wish, coupon })),
  )
  return async () => {
    const placed = bought.filter((one) => one?.order?.status === 'placed').length
    const { text } = await staff.send('GET', '/api/admin/promotions')
    const { items } = JSON.parse(text) as { items: { id: string; timesUsed: number }[] }
    const uses = items.find(({ id }) => id === promotionId)?.timesUsed ?? Number.NaN
    return [
      check(
        'the last units are sold, each once',
        rushBuyers,
        placed === lastUnits ? [] : [`${placed} were sold of ${lastUnits}`],
      ),
      check(
        'the last uses of a coupon are given, each once',
        rushBuyers / 2,
        uses <= lastUses ? [] : [`${uses} were given of ${lastUses}`],
      ),
    ]
  }
}

const cartsAtLeast = 10

async function sameCart(stage: Stage): Promise<Heal> {
  const { journal, http, ground, goods, random } = stage
  const violations: string[] = []
  for (let count = 0; count < cartsAtLeast; count++) {
    const wish = { ...wishOf(random, goods, null), payment: 'tok_ok', coupon: null }
    const first = await stage.buyers.buy({ ...wish, payment: 'tok_declined' })
    if (!first) continue
    // The cart lives on after a refusal; now it is ordered by two windows and an impatient finger.
    const request = JSON.stringify({ payment: { provider: 'sandbox', token: 'tok_ok' } })
    const once = { ...first, key: randomUUID(), request, payment: 'tok_ok', beganAt: Date.now() }
    const purchases = [journal.begin(once), journal.begin({ ...once, key: randomUUID() })]
    const twice = [...purchases, purchases[0] as (typeof purchases)[number]]
    const decided = await Promise.all(
      twice.map(async (purchase) => {
        for (let attempt = 1; attempt <= 30; attempt++) {
          const answer = await checkout(http, ground.url, purchase)
          if (answer.status === 201 || (answer.status >= 400 && answer.status < 500 && answer.status !== 409))
            return { purchase, answer }
          await pause(300 * (0.5 + random.next()))
        }
        return null
      }),
    )
    const ids = new Set<string>()
    for (const one of decided) {
      if (!one) continue
      if (one.purchase.answer === null) journal.answer(one.purchase, one.answer.status, one.answer.text)
      if (one.answer.status === 201) ids.add((JSON.parse(one.answer.text) as { order: { id: string } }).order.id)
    }
    if (ids.size !== 1) violations.push(`${first.cartId} became ${ids.size} orders`)
  }
  return async () => [check('a cart that is ordered three times at once becomes one order', cartsAtLeast, violations)]
}
