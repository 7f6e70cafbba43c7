import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { inventory } from '../../../../services/inventory/contract.ts'
import { type Answer, get, put } from '../api.ts'
import { nameOf, type Product } from '../product.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Loading, Notice, Sheet, TextField } from '../ui/kit.tsx'
import { cellClass, headClass } from './variant-fields.tsx'

type Levels = Answer<typeof inventory, 'levels'>
type Locations = Answer<typeof inventory, 'locations'>

/** Enough for every variant a product of the shop's has; more are shown as they are asked for. */
const variantsAtOnce = 20

/** What is on the shelf at each location, and what of it is promised. */
export function StockSheet({ product, readOnly }: { product: Product; readOnly: boolean }) {
  const [shown, setShown] = useState(variantsAtOnce)
  const locations = useQuery({ queryKey: ['locations'], queryFn: () => get<Locations>('/api/admin/locations') })
  const variants = product.variants.slice(0, shown)
  const ids = variants.map(({ id }) => id)
  const levels = useQuery({
    queryKey: ['levels', ...ids],
    queryFn: async () =>
      (
        await Promise.all(ids.map((variantId) => get<Levels>('/api/admin/inventory/levels', { variantId, limit: 100 })))
      ).flatMap(({ items }) => items),
    placeholderData: (before) => before,
  })
  const failed = locations.error ?? levels.error
  if (failed) return <Notice>{failed.message}</Notice>
  if (!locations.data || !levels.data)
    return (
      <Sheet title="Stock">
        <Loading />
      </Sheet>
    )
  return (
    <Sheet title="Stock" flush>
      <div className="relative overflow-x-auto">
        <table className="w-full text-left">
          <thead>
            <tr className="border-b border-line">
              {['Variant', 'Location', 'On hand', 'Held', 'Promised', 'Available'].map((title) => (
                <th key={title} scope="col" className={headClass}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {variants.flatMap((variant) =>
              locations.data.items.map((location) => {
                const level = levels.data.find((one) => one.variantId === variant.id && one.locationId === location.id)
                return (
                  <tr key={`${variant.id} ${location.id}`} className="border-b border-line last:border-0">
                    <th scope="row" className={`${cellClass} min-w-28 pt-3 font-medium`}>
                      {nameOf(variant)}
                    </th>
                    <td className={`${cellClass} min-w-32 pt-3 text-soft`}>{location.name}</td>
                    <td className={cellClass}>
                      <OnHand
                        variantId={variant.id}
                        locationId={location.id}
                        name={`${nameOf(variant)} at ${location.name}`}
                        onHand={level?.onHand ?? 0}
                        readOnly={readOnly}
                      />
                    </td>
                    {[level?.reserved, level?.allocated, level?.available].map((units, index) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: the three columns never change places
                      <td key={index} className={`${cellClass} pt-3 tabular-nums`}>
                        {units ?? 0}
                      </td>
                    ))}
                  </tr>
                )
              }),
            )}
          </tbody>
        </table>
      </div>
      {product.variants.length > shown ? (
        <div className="border-t border-line p-3 text-center">
          <Button onClick={() => setShown(shown + variantsAtOnce)}>Show more</Button>
        </div>
      ) : null}
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
  /** Null while nothing was typed: what others count shows at once. */
  const [typed, setTyped] = useState<string | null>(null)
  const save = useCommand(
    (count: number) => put('/api/admin/inventory/levels', { variantId, locationId, onHand: count }),
    { onDone: () => setTyped(null) },
  )
  const text = typed ?? String(onHand)
  const count = /^\d{1,9}$/.test(text) ? Number(text) : null
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (count !== null && count !== onHand) save.run(count)
  }
  return (
    <form onSubmit={submit} className="flex min-w-40 items-start gap-2">
      <div className="w-24">
        <TextField
          label={`Units of ${name}`}
          hideLabel
          inputMode="numeric"
          disabled={readOnly}
          className="tabular-nums"
          value={text}
          onChange={(event) => setTyped(event.target.value)}
          error={count === null ? 'A whole number' : (save.message ?? undefined)}
        />
      </div>
      {typed !== null && count !== null && count !== onHand ? (
        <Button type="submit" disabled={save.running}>
          {save.running ? '…' : 'Count'}
        </Button>
      ) : null}
    </form>
  )
}
