import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { inventory } from '../../../../services/inventory/contract.ts'
import type { pricing } from '../../../../services/pricing/contract.ts'
import { type Answer, get, put } from '../api.ts'
import { fromInput, toInput } from '../money.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Notice, Sheet, TextField } from '../ui/kit.tsx'
import type { Product } from './product.tsx'

type Markets = Answer<typeof pricing, 'markets'>
type Levels = Answer<typeof inventory, 'levels'>
type Locations = Answer<typeof inventory, 'locations'>

const nameOf = (variant: Product['variants'][number]): string =>
  Object.values(variant.options).join(' / ') || (variant.sku ?? 'The product')

/** Prices of every variant in every market; only what was changed is sent. */
export function PricesSheet({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const markets = useQuery({ queryKey: ['markets'], queryFn: () => get<Markets>('/api/markets') })
  const priceOf = (variantId: string, market: string) =>
    product.prices.find((one) => one.variantId === variantId && one.market === market)
  const [edits, setEdits] = useState<Readonly<Record<string, string>>>({})
  const [wrong, setWrong] = useState<string | null>(null)
  const save = useCommand(
    (prices: unknown[]) => put('/api/admin/prices', { productId: product.id, prices }),
    () => setEdits({}),
  )
  const items = markets.data?.items ?? []
  const shown = (variantId: string, market: Markets['items'][number], kind: 'price' | 'compareAtPrice'): string => {
    const price = priceOf(variantId, market.code)?.[kind]
    return edits[`${variantId} ${market.code} ${kind}`] ?? (price ? toInput(price) : '')
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const touched = new Set(Object.keys(edits).map((key) => key.split(' ').slice(0, 2).join(' ')))
    const prices: unknown[] = []
    for (const pair of touched) {
      const [variantId = '', code = ''] = pair.split(' ')
      const market = items.find((one) => one.code === code)
      if (!market) continue
      const [price, compareAt] = [shown(variantId, market, 'price'), shown(variantId, market, 'compareAtPrice')]
      const amount = price === '' ? null : fromInput(price, market.currency)
      const compareAtAmount = compareAt === '' ? null : fromInput(compareAt, market.currency)
      if ((price !== '' && amount === null) || (compareAt !== '' && compareAtAmount === null)) {
        setWrong(`"${amount === null && price !== '' ? price : compareAt}" is no amount in ${market.currency}.`)
        return
      }
      prices.push({ variantId, market: code, amount, compareAtAmount: amount === null ? null : compareAtAmount })
    }
    setWrong(null)
    save.run(prices)
  }
  return (
    <Sheet
      title="Prices"
      actions={
        readOnly ? null : (
          <Button kind="primary" type="submit" form="prices" disabled={save.running || Object.keys(edits).length === 0}>
            {save.running ? 'Saving …' : 'Save prices'}
          </Button>
        )
      }
    >
      <form id="prices" onSubmit={submit} className="overflow-x-auto">
        {(wrong ?? save.message) ? (
          <div className="mb-3">
            <Notice>{wrong ?? save.message}</Notice>
          </div>
        ) : null}
        <table className="w-full text-left">
          <thead>
            <tr className="border-b border-line text-sm text-soft">
              <th scope="col" className="px-2 py-2 font-medium">
                Variant
              </th>
              {items.flatMap(({ code, name, currency, taxIncluded }) => [
                <th scope="col" key={code} className="px-2 py-2 font-medium">
                  {name}, {currency} {taxIncluded ? 'with tax' : 'before tax'}
                </th>,
                <th scope="col" key={`${code} was`} className="px-2 py-2 font-medium">
                  Compare at
                </th>,
              ])}
            </tr>
          </thead>
          <tbody>
            {product.variants.map((variant) => (
              <tr key={variant.id} className="border-b border-line last:border-0">
                <th scope="row" className="min-w-40 px-2 py-2 font-medium">
                  {nameOf(variant)}
                  <span className="block text-sm font-normal text-soft">{variant.sku}</span>
                </th>
                {items.flatMap((market) =>
                  (['price', 'compareAtPrice'] as const).map((kind) => (
                    <td key={`${market.code} ${kind}`} className="min-w-28 px-2 py-2">
                      <TextField
                        label={`${kind === 'price' ? 'Price' : 'Compare-at price'} of ${nameOf(variant)} in ${market.name}`}
                        hideLabel
                        inputMode="decimal"
                        placeholder={kind === 'price' ? 'not sold' : ''}
                        disabled={readOnly}
                        value={shown(variant.id, market, kind)}
                        onChange={(event) =>
                          setEdits({ ...edits, [`${variant.id} ${market.code} ${kind}`]: event.target.value })
                        }
                      />
                    </td>
                  )),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </form>
    </Sheet>
  )
}

/** What is on the shelf at each location, and what of it is promised. */
export function StockSheet({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const locations = useQuery({ queryKey: ['locations'], queryFn: () => get<Locations>('/api/admin/locations') })
  const ids = product.variants.map(({ id }) => id)
  const levels = useQuery({
    queryKey: ['levels', ...ids],
    queryFn: async () =>
      (
        await Promise.all(ids.map((variantId) => get<Levels>('/api/admin/inventory/levels', { variantId, limit: 100 })))
      ).flatMap(({ items }) => items),
  })
  if (locations.isError || levels.isError) return <Notice>{(locations.error ?? levels.error)?.message}</Notice>
  if (locations.isPending || levels.isPending) return null
  return (
    <Sheet title="Stock">
      <div className="overflow-x-auto">
        <table className="w-full text-left">
          <thead>
            <tr className="border-b border-line text-sm text-soft">
              {['Variant', 'Location', 'On hand', 'Held', 'Promised', 'Available'].map((title) => (
                <th key={title} scope="col" className="px-2 py-2 font-medium">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {product.variants.flatMap((variant) =>
              locations.data.items.map((location) => {
                const level = levels.data.find((one) => one.variantId === variant.id && one.locationId === location.id)
                return (
                  <tr key={`${variant.id} ${location.id}`} className="border-b border-line last:border-0">
                    <th scope="row" className="px-2 py-2 font-medium">
                      {nameOf(variant)}
                    </th>
                    <td className="px-2 py-2">{location.name}</td>
                    <td className="px-2 py-2">
                      <OnHand
                        key={level?.onHand ?? 0}
                        variantId={variant.id}
                        locationId={location.id}
                        name={`${nameOf(variant)} at ${location.name}`}
                        onHand={level?.onHand ?? 0}
                        readOnly={readOnly}
                      />
                    </td>
                    <td className="px-2 py-2 tabular-nums">{level?.reserved ?? 0}</td>
                    <td className="px-2 py-2 tabular-nums">{level?.allocated ?? 0}</td>
                    <td className="px-2 py-2 tabular-nums">{level?.available ?? 0}</td>
                  </tr>
                )
              }),
            )}
          </tbody>
        </table>
      </div>
    </Sheet>
  )
}

function OnHand({
  variantId,
  locationId,
  name,
  onHand,
  readOnly,
}: {
  variantId: string
  locationId: string
  name: string
  onHand: number
  readOnly: boolean
}) {
  const [text, setText] = useState(String(onHand))
  const save = useCommand((count: number) =>
    put('/api/admin/inventory/levels', { variantId, locationId, onHand: count }),
  )
  const count = /^\d{1,9}$/.test(text) ? Number(text) : null
  return (
    <div className="flex items-start gap-2">
      <div className="w-24">
        <TextField
          label={`Units of ${name}`}
          hideLabel
          inputMode="numeric"
          disabled={readOnly}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={count === null ? 'A whole number' : (save.message ?? save.errorOf('onHand') ?? undefined)}
        />
      </div>
      {text !== String(onHand) && count !== null ? (
        <Button disabled={save.running} onClick={() => save.run(count)}>
          Count
        </Button>
      ) : null}
    </div>
  )
}
