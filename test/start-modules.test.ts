import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

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

test('nor has it loaded the HTTP client that Node brings along, by an import of node:http', async () => {
  // What `stoa start` loads, in a process of its own: the tests' shop is asked by that client.
  const modules = ['kernel/host.ts', 'services/registry.ts', 'cli/edge-apps.ts', 'providers/payments/sandbox/server.ts']
  const program = `await Promise.all(${JSON.stringify(modules)}.map((file) => import('./' + file)))
    process.stdout.write(process.moduleLoadList.join())`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program],
    { cwd: join(import.meta.dirname, '..') },
  )
  const loaded = stdout.split(',')
  assert.ok(loaded.includes('NativeModule http'), 'what Node has loaded is seen')
  assert.deepEqual(
    loaded.filter((name) => name.includes('undici')),
    [],
  )
})
