import type { Product, Variant } from '../views.ts'

/** How one value of an option stands to what is chosen now. */
export type OptionChoice = {
  readonly value: string
  readonly isChosen: boolean
  /** Where choosing it leads: the same variant but for this value, or else the nearest one that has it. */
  readonly variantId: string | null
  /** `none`: the other choices do not come in this value; `sold-out`: they do, but not now. */
  readonly state: 'available' | 'sold-out' | 'none'
}

/** For each option of a product its values, seen from the chosen variant. */
export function optionChoices(
  product: Pick<Product, 'options' | 'variants'>,
  chosen: Variant,
): readonly { readonly name: string; readonly choices: readonly OptionChoice[] }[] {
  return product.options.map(({ name, values }) => ({
    name,
    choices: values.map((value) => {
      const having = product.variants.filter(({ options }) => options[name] === value)
      const exact = having.find((variant) =>
        product.options.every(
          (option) => option.name === name || variant.options[option.name] === chosen.options[option.name],
        ),
      )
      const nearest = exact ?? having.toSorted((a, b) => likeness(b, chosen) - likeness(a, chosen))[0]
      return {
        value,
        isChosen: chosen.options[name] === value,
        variantId: nearest?.id ?? null,
        state: exact ? (exact.available ? 'available' : 'sold-out') : 'none',
      }
    }),
  }))
}

/** Shared values count most; of equals, one that can be bought. */
function likeness(variant: Variant, chosen: Variant): number {
  const shared = Object.entries(chosen.options).filter(([name, value]) => variant.options[name] === value).length
  return shared * 2 + (variant.available ? 1 : 0)
}

/** The variant a page begins with: the one asked for, else the first that can be bought. */
export const chooseVariant = (variants: readonly Variant[], wanted: string | null): Variant | undefined =>
  variants.find(({ id }) => id === wanted) ?? variants.find(({ available }) => available) ?? variants[0]
