import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

/** What few requests need, and how many modules it is: a start that loads all of it again is a third slower. */
const notAtStart: Readonly<Record<string, RegExp>> = {
  'draws pictures': /node_modules\/sharp\//,
  'cleans descriptions': /node_modules\/(sanitize-html|postcss|htmlparser2)\//,
  'reads and writes CSV': /node_modules\/csv-/,
  'checks what nobody declared for Fastify': /node_modules\/@fastify\/ajv-compiler\//,
  'compiles the storefront': /node_modules\/esbuild\//,
  'sends mails': /node_modules\/nodemailer\//,
  'talks to MongoDB': /node_modules\/mongodb\//,
  'talks to a broker': /node_modules\/@nats-io\//,
  'talks to Stripe': /node_modules\/stripe\//,
  'records traces and sends them': /kernel\/open-telemetry|@opentelemetry\/(?!api\/)/,
}

test('a shop that answers its first request has loaded nothing that only others need', async (t) => {
  const loaded: string[] = []
  const hooks = registerHooks({
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  t.after(() => hooks.deregister())
  // After the hooks, so that they see all of it.
  const { startShop } = await import('./shop.ts')
  const shop = await startShop('one')
  t.after(() => shop.stop())
  assert.equal((await shop.api('GET', '/api/products')).status, 200)
  for (const seen of [/\/kernel\/host\.ts/, /\/services\/catalog\/service\.ts/, /node_modules\/fastify\//])
    assert.ok(
      loaded.some((url) => seen.test(url)),
      `${seen} is seen`,
    )
  const early = Object.entries(notAtStart).flatMap(([what, pattern]) => {
    const found = loaded.find((url) => pattern.test(url))
    return found ? [`what ${what}: ${found}`] : []
  })
  assert.deepEqual(early, [])
})
