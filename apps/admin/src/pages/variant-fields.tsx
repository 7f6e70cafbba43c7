import { nameOf, type Product } from '../product.ts'
import { Select, Sheet, TextField } from '../ui/kit.tsx'
import type { FormPart } from './product-form.tsx'

export const headClass = 'px-2 py-2 text-[0.8125rem] font-medium text-soft first:pl-4 last:pr-4'
export const cellClass = 'px-2 py-1.5 align-top first:pl-4 last:pr-4'

export function VariantFields({ product, form, errorOf, readOnly }: FormPart & { product: Product }) {
  return (
    <Sheet title="Variants" flush>
      <div className="relative overflow-x-auto">
        <table className="w-full text-left">
          <thead>
            <tr className="border-b border-line">
              {['Variant', 'SKU', 'Barcode', 'Grams', 'Sold out'].map((title) => (
                <th key={title} scope="col" className={headClass}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {product.variants.map((variant, index) => {
              const name = nameOf(variant)
              return (
                <tr key={variant.id} className="border-b border-line last:border-0">
                  <th scope="row" className={`${cellClass} min-w-28 pt-3 font-medium`}>
                    {name}
                  </th>
                  <td className={`${cellClass} min-w-40`}>
                    <TextField
                      label={`SKU of ${name}`}
                      hideLabel
                      maxLength={255}
                      disabled={readOnly}
                      {...form.register(`variants.${index}.sku`)}
                      error={errorOf(`variants/${index}/sku`)}
                    />
                  </td>
                  <td className={`${cellClass} min-w-36`}>
                    <TextField
                      label={`Barcode of ${name}`}
                      hideLabel
                      maxLength={64}
                      disabled={readOnly}
                      {...form.register(`variants.${index}.barcode`)}
                      error={errorOf(`variants/${index}/barcode`)}
                    />
                  </td>
                  <td className={`${cellClass} min-w-20`}>
                    <TextField
                      label={`Grams of ${name}`}
                      hideLabel
                      inputMode="numeric"
                      required
                      pattern="\d{1,9}"
                      title="A whole number"
                      disabled={readOnly}
                      {...form.register(`variants.${index}.grams`)}
                      error={errorOf(`variants/${index}/grams`)}
                    />
                  </td>
                  <td className={`${cellClass} min-w-36`}>
                    <Select
                      label={`When ${name} is sold out`}
                      hideLabel
                      disabled={readOnly}
                      {...form.register(`variants.${index}.inventoryPolicy`)}
                    >
                      <option value="deny">stop selling</option>
                      <option value="continue">back-order</option>
                    </Select>
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Sheet>
  )
}
