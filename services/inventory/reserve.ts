import type { inventory } from '#contracts/inventory'
import { type Input, type Outcome, ok, refuse } from '#kernel/contract'
import type { HoldRequest, HoldVerdict } from './store.ts'

type Reserve = typeof inventory.operations.reserve

/** Holds stock for an order, together with whoever else asks at this moment. */
export async function reserve(
  deps: { readonly hold: (request: HoldRequest) => Promise<HoldVerdict> },
  input: Input<Reserve>,
): Promise<Outcome<Reserve>> {
  const verdict = await deps.hold(input)
  switch (verdict.kind) {
    case 'held':
      return ok({})
    case 'released':
      return refuse('inventory/hold-released', 'The stock of this order was given back before it was held.')
    case 'short':
      return refuse('inventory/insufficient-stock', describe(verdict.lines), { lines: verdict.lines })
  }
}

const describe = (
  lines: readonly { readonly variantId: string; readonly requested: number; readonly available: number }[],
) =>
  `${lines.map((line) => `Of ${line.variantId} ${line.requested} were asked for and ${line.available} are left`).join('; ')}.`
