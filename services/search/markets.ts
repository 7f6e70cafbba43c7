import type { pricing } from '#contracts/pricing'
import type { Client } from '#kernel/client'
import type { Output } from '#kernel/contract'

export type Market = Output<typeof pricing.operations.markets>['items'][number]

/** Markets change with the configuration, that is with a restart; in another process they are asked for once in a while. */
const keptMs = 10_000

/** Finds a market by code, or the default one (the first) for undefined; null when there is none of that code. */
export function marketFinder(
  client: Pick<Client<typeof pricing>, 'markets'>,
): (code: string | undefined) => Promise<Market | null> {
  let known: { readonly items: readonly Market[]; readonly until: number } | null = null
  return async (code) => {
    if (!known || known.until < Date.now()) {
      const answer = await client.markets({})
      if (!answer.ok) throw new Error('search: pricing refused to tell its markets')
      known = { items: answer.value.items, until: Date.now() + keptMs }
    }
    return (code === undefined ? known.items[0] : known.items.find((market) => market.code === code)) ?? null
  }
}
