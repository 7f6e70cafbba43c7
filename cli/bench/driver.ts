import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'
import { answerParent, type Load, type Measured, measureLoad } from './load.ts'
import { type Client, type Goods, type VisitName, visits } from './visits.ts'

// The load, in a process of its own, so that its processor time is not the shop's. Told what to do over IPC; ends with who
// started it.

export type Work = Load & {
  readonly base: string
  readonly visit: VisitName
  readonly goods: Goods
  /** The number of the first visit, so that no run asks again for what the last one asked for. */
  readonly from: number
}

export type Worked = Measured & { readonly requests: number }

/** Longer than any answer that is worth something. */
const timeoutMs = 15_000

class Refused extends Error {}

function clientOf(base: string, counted: { requests: number }): Client & { close(): Promise<void> } {
  const agent = new Agent({ connections: 512, pipelining: 1, keepAliveTimeout: 30_000 })
  const ask = async (method: string, path: string, body: unknown, token: string | undefined) => {
    counted.requests += 1
    return await request(`${base}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: body ? JSON.stringify(body) : null,
    })
  }
  return {
    async call<R>(method: string, path: string, body?: unknown, token?: string): Promise<R> {
      const answer = await ask(method, path, body, token)
      if (answer.statusCode < 300) return (await answer.body.json()) as R
      const { type } = (await answer.body.json().catch(() => ({}))) as { type?: string }
      throw new Refused(`${answer.statusCode} ${type ?? ''}`.trim())
    },
    async look(path, token) {
      const answer = await ask('GET', path, undefined, token)
      await answer.body.dump({ limit: Number.MAX_SAFE_INTEGER })
      if (answer.statusCode >= 300) throw new Refused(String(answer.statusCode))
    },
    close: () => agent.close(),
  }
}

async function measure(work: Work): Promise<Worked> {
  const counted = { requests: 0 }
  const client = clientOf(work.base, counted)
  const measured = await measureLoad(work, (n) => visits[work.visit](client, work.goods, work.from + n))
  await client.close()
  return { ...measured, requests: counted.requests }
}

answerParent(measure)
