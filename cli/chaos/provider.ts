import type { BehaviorInput } from '../../providers/payments/sandbox/behavior.ts'
import type { PresentedPayment } from '../../providers/payments/sandbox/payment.ts'
import type { Http } from './http.ts'
import type { ProvingGround } from './proving-ground.ts'

/** The sandbox provider as a test commands it, and its own books. */
export type Provider = {
  /** Misbehaves from now on; `{}` ends it. */
  behave(behavior: BehaviorInput): Promise<void>
  /** Sends a payment's last event again, or as an attacker would. @returns the status that the shop gave each copy */
  sendWebhook(paymentId: string, as: 'genuine' | 'forged' | 'stale' | 'altered', copies?: number): Promise<number[]>
  /** All payments, as the provider has them. */
  books(): Promise<PresentedPayment[]>
}

const pageSize = 100
const attemptsAtMost = 20
const pauseMs = 500

export function providerOf(ground: Pick<ProvingGround, 'provider'>, http: Http): Provider {
  const ask = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown> => {
    const { url, key } = ground.provider
    for (let attempt = 1; ; attempt++) {
      const options = { token: key, ...(body === undefined ? {} : { body }) }
      const { status, text } = await http.send('control', method, `${url}${path}`, options)
      if (status >= 200 && status < 300) return JSON.parse(text)
      if (attempt === attemptsAtMost)
        throw new Error(`chaos: the provider answers ${method} ${path} with ${status} ${text}`)
      await new Promise((done) => setTimeout(done, pauseMs))
    }
  }
  return {
    async behave(behavior) {
      await ask('PUT', '/test/behavior', behavior)
    },
    async sendWebhook(paymentId, as, copies = 1) {
      const { answers } = (await ask('POST', '/test/webhooks/send', { paymentId, as, copies })) as { answers: number[] }
      return answers
    },
    async books() {
      const payments: PresentedPayment[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = (await ask('GET', `/v1/payments?limit=${pageSize}${cursor ? `&cursor=${cursor}` : ''}`)) as {
          items: PresentedPayment[]
          nextCursor: string | null
        }
        payments.push(...page.items)
        cursor = page.nextCursor
      }
      return payments
    },
  }
}
