import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ConfigurationError, readEnvironment } from './environment.ts'
import { checkPaymentProviders } from './payment-providers.ts'
import { loadSettings } from './settings.ts'

const root = join(import.meta.dirname, '..')

/** The shop's settings with these payments, read from a file as `STOA_CONFIG` names it. */
async function settingsWith(t: TestContext, payments: object) {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-config-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'config.mjs')
  const own = JSON.stringify(pathToFileURL(join(root, 'stoa.config.ts')).href)
  await writeFile(
    file,
    `import shop from ${own}\nexport default { ...shop, payments: ${JSON.stringify({ capture: 'at-once', ...payments })} }`,
  )
  const { configFile } = readEnvironment({ STOA_CONFIG: file })
  return loadSettings(root, configFile)
}

const keys = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_PUBLISHABLE_KEY: 'pk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' }
const shopAt = 'https://shop.example'

test('a shop that names stripe does not start without its keys, and says which are missing', async (t) => {
  const settings = await settingsWith(t, { providers: ['stripe'] })
  const check = (variables: Record<string, string>, publicUrl = shopAt) =>
    checkPaymentProviders(readEnvironment(variables), settings, publicUrl)
  await assert.rejects(
    check({ ...keys, STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRET: '' }),
    (error) =>
      error instanceof ConfigurationError &&
      error.message === 'payments/providers names "stripe", so STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET must be set',
  )
  const live = { ...keys, STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_PUBLISHABLE_KEY: 'pk_live_1' }
  await assert.rejects(check(live), /STOA_DEMO=off/)
  assert.deepEqual(await check({ ...live, STOA_DEMO: 'off' }), [])
  // Where payments are hosted elsewhere, their keys are.
  const elsewhere = { STOA_SERVICES: 'edge', STOA_MESH_URL: 'http://127.0.0.1:1' }
  assert.deepEqual(await check(elsewhere), [])
})

test('test keys at a public address are warned about, unless the shop is a demo', async (t) => {
  const settings = await settingsWith(t, { providers: ['stripe'] })
  const warnings = (demo: 'on' | 'off', publicUrl: string) =>
    checkPaymentProviders(readEnvironment({ ...keys, STOA_DEMO: demo }), settings, publicUrl)
  assert.match((await warnings('off', shopAt)).join(), /test keys/)
  assert.deepEqual(await warnings('on', shopAt), [])
  assert.deepEqual(await warnings('off', 'http://localhost:3000'), [])
})

test('transfers need words, providers are named once, and there are three of them', async (t) => {
  await assert.rejects(settingsWith(t, { providers: ['manual'] }), /payments\/manual must say what shoppers are to do/)
  await assert.rejects(settingsWith(t, { providers: ['sandbox', 'sandbox'] }), /payments\/providers/)
  await assert.rejects(settingsWith(t, { providers: ['paypal'] }), /payments\/providers/)
  const manual = { title: 'Invoice', instructions: 'IBAN …', days: 14 }
  assert.deepEqual((await settingsWith(t, { providers: ['manual'], manual })).payments.manual, manual)
})
