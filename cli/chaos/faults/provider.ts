import type { BehaviorInput } from '../../../providers/payments/sandbox/behavior.ts'
import { check, type Fault, type Heal, repeatedly, type Stage } from '../fault.ts'

const money = ['create', 'capture', 'void', 'refund'] as const

/** The provider behaves so as long as the fault lasts. */
const misbehaving =
  (behavior: BehaviorInput) =>
  async ({ provider }: Stage): Promise<Heal> => {
    await provider.behave(behavior)
    return async () => {
      await provider.behave({})
      return []
    }
  }

export const providerFaults: readonly Fault[] = [
  {
    name: 'provider-slow',
    rows: ['F21'],
    what: 'the provider does its work at once and answers after 30 s',
    backWithinSeconds: 15,
    inject: misbehaving({ answerDelayMs: 30_000 }),
  },
  {
    name: 'provider-down',
    rows: ['F22'],
    what: 'the provider resets every connection and sends no webhook',
    backWithinSeconds: 10,
    inject: misbehaving({ down: true }),
  },
  {
    name: 'provider-500-after-charging',
    rows: ['F21'],
    what: 'the provider does what it is asked and answers 500',
    backWithinSeconds: 10,
    inject: misbehaving({ faults: [{ kind: 'error-after', operations: [...money] }] }),
  },
  {
    name: 'provider-500',
    rows: ['F21'],
    what: 'the provider answers 500 and has done nothing',
    backWithinSeconds: 10,
    inject: misbehaving({ faults: [{ kind: 'error-before', operations: [...money] }] }),
  },
  {
    name: 'provider-silent-after-charging',
    rows: ['F21'],
    what: 'the provider does what it is asked and never answers',
    backWithinSeconds: 15,
    inject: misbehaving({ faults: [{ kind: 'silent-after', operations: [...money] }] }),
  },
  {
    name: 'provider-resets-after-charging',
    rows: ['F21', 'F24'],
    what: 'the provider does what it is asked and resets the connection',
    backWithinSeconds: 10,
    inject: misbehaving({ faults: [{ kind: 'reset-after', operations: [...money] }] }),
  },
  {
    name: 'provider-429',
    rows: ['F21'],
    what: 'the provider says that it is asked too often',
    backWithinSeconds: 10,
    inject: misbehaving({ faults: [{ kind: 'rate-limited' }] }),
  },
  {
    name: 'webhooks-duplicated',
    rows: ['F17'],
    what: 'every webhook comes fifty times at once',
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: misbehaving({ webhooks: { copies: 50 } }),
  },
  {
    name: 'webhooks-shuffled',
    rows: ['F18'],
    what: 'webhooks come three times, late by up to 6 s and in any order',
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: misbehaving({ webhooks: { copies: 3, shuffleMs: 6_000 } }),
  },
  {
    name: 'webhooks-lost',
    rows: ['F19'],
    what: 'no webhook ever comes',
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: misbehaving({ webhooks: { drop: true } }),
  },
  {
    name: 'webhooks-forged',
    rows: ['F20'],
    what: 'webhooks with a wrong secret, with an old date, and with another amount than was signed',
    sellsMeanwhile: true,
    backWithinSeconds: 10,
    inject: forge,
  },
]

const forgeries = ['forged', 'stale', 'altered'] as const

/** Each forgery must be refused as a request, not as a fault of the shop; a real copy beside it must be taken. */
async function forge(stage: Stage): Promise<Heal> {
  const taken: string[] = []
  let sent = 0
  const forging = repeatedly(stage, 500, async () => {
    const books = await stage.provider.books()
    if (books.length === 0) return
    const { id } = stage.random.pick(books)
    for (const as of forgeries) {
      const statuses = await stage.provider.sendWebhook(id, as, 3).catch(() => [])
      sent += statuses.length
      const wrong = statuses.filter((status) => status < 400 || status > 499)
      if (wrong.length > 0) taken.push(`${id} ${as}: answered with ${wrong.join(', ')}`)
    }
    const genuine = await stage.provider.sendWebhook(id, 'genuine').catch(() => [])
    const refused = genuine.filter((status) => status > 299)
    if (refused.length > 0) taken.push(`${id}: a genuine copy is answered with ${refused.join(', ')}`)
  })
  return async () => {
    await forging.end()
    const violations = sent === 0 ? ['no forgery was sent'] : taken
    return [check('forged webhooks are refused, genuine ones beside them are taken', sent, violations)]
  }
}
