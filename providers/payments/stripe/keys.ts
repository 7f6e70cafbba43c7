import type { StripeAdapterOptions } from './adapter.ts'

/** Stripe's keys as the environment has them. */
export type StripeKeys = Pick<
  StripeAdapterOptions,
  'secretKey' | 'publishableKey' | 'webhookSecrets' | 'apiUrl' | 'scriptUrl'
> & { readonly isLive: boolean }

type Variables = Readonly<Record<string, string | undefined>>

const shapes = {
  STRIPE_SECRET_KEY: { pattern: /^(sk|rk)_(test|live)_\w+$/, begins: 'sk_test_, sk_live_, rk_test_ or rk_live_' },
  STRIPE_PUBLISHABLE_KEY: { pattern: /^pk_(test|live)_\w+$/, begins: 'pk_test_ or pk_live_' },
  /** Two, with a comma, while one replaces the other. */
  STRIPE_WEBHOOK_SECRET: { pattern: /^whsec_\w+(\s*,\s*whsec_\w+)?$/, begins: 'whsec_ (one, or two with a comma)' },
} as const

/**
 * Reads the keys, or says all that is wrong with them, never what they are.
 * @param demo whether the shop is in demo mode, in which goods are given away and no real money may move
 */
export function readStripeKeys(
  variables: Variables,
  demo: boolean,
): StripeKeys | { readonly faults: readonly string[] } {
  const value = (name: string): string => variables[name]?.trim() ?? ''
  const missing = Object.keys(shapes).filter((name) => value(name) === '')
  const faults =
    missing.length > 0 ? [`payments/providers names "stripe", so ${missing.join(' and ')} must be set`] : []
  for (const [name, { pattern, begins }] of Object.entries(shapes))
    if (value(name) !== '' && !pattern.test(value(name))) faults.push(`${name} must begin with ${begins}`)

  const isLive = value('STRIPE_SECRET_KEY').includes('_live_')
  const publishableKey = value('STRIPE_PUBLISHABLE_KEY')
  if (faults.length === 0 && publishableKey.includes('_live_') !== isLive)
    faults.push(
      'STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY must be of one mode: one is a live key, the other a test key',
    )
  if (isLive && demo)
    faults.push('STRIPE_SECRET_KEY is a live key, but the shop is in demo mode: set STOA_DEMO=off, or use a test key')

  const standIns = ['STRIPE_API_URL', 'STRIPE_SCRIPT_URL'].filter((name) => value(name) !== '')
  for (const name of standIns) {
    if (!URL.canParse(value(name))) faults.push(`${name} is no URL`)
    else if (isLive) faults.push(`${name} is for stand-ins in tests: a live key goes to Stripe alone`)
  }
  if (faults.length > 0) return { faults }
  return {
    isLive,
    secretKey: value('STRIPE_SECRET_KEY'),
    publishableKey,
    webhookSecrets: value('STRIPE_WEBHOOK_SECRET').split(/\s*,\s*/),
    ...(value('STRIPE_API_URL') ? { apiUrl: value('STRIPE_API_URL') } : {}),
    ...(value('STRIPE_SCRIPT_URL') ? { scriptUrl: value('STRIPE_SCRIPT_URL') } : {}),
  }
}
