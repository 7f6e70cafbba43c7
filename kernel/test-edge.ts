import type { TestContext } from 'node:test'
import type { Admission } from './admission.ts'
import { createEdge, type EdgeApp } from './edge.ts'
import { sharedAnswers } from './shared-answers.ts'
import { createLog, createMetrics } from './telemetry.ts'

/** The public door of a shop without services, with an app of the test's own; it and its admission end with the test. @returns its address */
export async function openTestEdge(
  t: TestContext,
  {
    admission,
    app,
    answers = sharedAnswers(),
    shopName = 'Test shop',
    readWithinMs,
  }: {
    readonly admission: Admission
    readonly app: EdgeApp
    readonly answers?: ReturnType<typeof sharedAnswers>
    readonly shopName?: string
    readonly readWithinMs?: number
  },
): Promise<string> {
  const edge = await createEdge({
    contracts: [],
    mesh: async () => {
      throw new Error('nobody is called')
    },
    authenticate: async () => ({ kind: 'anonymous' }),
    publicUrl: 'http://127.0.0.1',
    shopName,
    answers,
    apps: [app],
    openApi: () => ({}),
    readiness: async () => ({ ready: true, reasons: [] }),
    admission,
    ...(readWithinMs === undefined ? {} : { readWithinMs }),
    trustedProxies: [],
    metrics: createMetrics(),
    log: createLog({ level: 'silent', redact: [] }),
  })
  const url = await edge.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    await edge.close()
    admission.close()
  })
  return url
}
