import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, put } from '../api.ts'
import { fromInput, toInput } from '../money.ts'
import { nameOf, type Product } from '../product.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Notice, Sheet, TextField } from '../ui/kit.tsx'
import { Unsaved } from '../ui/unsaved.tsx'
import { cellClass, headClass } from './variant-fields.tsx'

type Markets = Answer<typeof pricing, 'markets'>
type Kind = 'price' | 'compareAtPrice'
const kinds: readonly Kind[] = ['price', 'compareAtPrice']
const titles: Readonly<Record<Kind, string>> = { price: 'Price', compareAtPrice: 'Compare-at price' }

/** Prices of every variant in every market; only what was changed is sent. */
export function PricesSheet({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const markets = useQuery({ queryKey: ['markets'], queryFn: () => get<Markets>('/api/markets') })
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({})
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({})
  const save = useCommand((prices: unknown[]) => put('/api/admin/prices', { productId: product.id, prices }), {
    onDone: () => setEdits({}),
  })
  const items = markets.data?.items ?? []
  const keyOf = (variantId: string, market: string, kind: Kind): string => `${variantId} ${market} ${kind}`
  const shown = (variantId: string, market: string, kind: Kind): string => {
    const price = product.prices.find((one) => one.variantId === variantId && one.market === market)?.[kind]
    return edits[keyOf(variantId, market, kind)] ?? (price ? toInput(price) : '')
  }
  const isDirty = Object.keys(edits).length > 0
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const mistakes: Record<string, string> = {}
    const prices = product.variants.flatMap(({ id: variantId }) =>
      items
        .filter(({ code }) => kinds.some((kind) => keyOf(variantId, code, kind) in edits))
        .map(({ code: market, currency }) => {
          const [amount = null, compareAtAmount = null] = kinds.map((kind) => {
            const text = shown(variantId, market, kind).trim()
            const parsed = text === '' ? null : fromInput(text, currency)
            if (text !== '' && parsed === null) mistakes[keyOf(variantId, market, kind)] = `No amount in ${currency}`
            return parsed
          })
          if (amount === null && compareAtAmount !== null)
            mistakes[keyOf(variantId, market, 'compareAtPrice')] ??= 'Wants a price beside it'
          return { variantId, market, amount, compareAtAmount }
        }),
    )
    setWrong(mistakes)
    if (Object.keys(mistakes).length === 0) save.run(prices)
  }
  const change = (key: string, text: string): void => {
    setEdits({ ...edits, [key]: text })
    setWrong(Object.fromEntries(Object.entries(wrong).filter(([one]) => one !== key)))
  }
  return (
    <Sheet
      flush
      title="Prices"
      actions={
        readOnly ? null : (
          <Button kind="primary" type="submit" form="prices" disabled={save.running || !isDirty}>
            {save.running ? 'Saving …' : 'Save prices'}
          </Button>
        )
      }
    >
      <Unsaved dirty={isDirty && !save.running} />
      <form id="prices" onSubmit={submit} className="relative overflow-x-auto">
        {save.message ? (
          <div className="p-4">
            <Notice>{save.message}</Notice>
          </div>
        ) : null}
        <table className="w-full text-left">
          <thead>
            <tr className="border-b border-line">
              <th scope="col" className={headClass}>
                Variant
              </th>
              {items.flatMap(({ code, name, currency, taxIncluded }) =>
                kinds.map((kind) => (
                  <th scope="col" key={`${code} ${kind}`} className={headClass}>
                    {kind === 'price'
                      ? `${name}: ${currency} ${taxIncluded ? 'with tax' : 'before tax'}`
                      : 'Compare at'}
                  </th>
                )),
              )}
            </tr>
          </thead>
          <tbody>
            {product.variants.map((variant) => (
              <tr key={variant.id} className="border-b border-line last:border-0">
                <th scope="row" className={`${cellClass} min-w-28 pt-3 font-medium`}>
                  {nameOf(variant)}
                </th>
                {items.flatMap(({ code, name }) =>
                  kinds.map((kind) => {
                    const key = keyOf(variant.id, code, kind)
                    return (
                      <td key={key} className={`${cellClass} min-w-28`}>
                        <TextField
                          label={`${titles[kind]} of ${nameOf(variant)} in ${name}`}
                          hideLabel
                          inputMode="decimal"
                          placeholder={kind === 'price' ? 'not sold' : ''}
                          disabled={readOnly}
                          className="tabular-nums"
                          value={shown(variant.id, code, kind)}
                          onChange={(event) => change(key, event.target.value)}
                          error={wrong[key]}
                        />
                      </td>
                    )
                  }),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </form>
    </Sheet>
  )
}
