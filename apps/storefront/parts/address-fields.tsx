import { regions } from '#kernel/regions'
import type { Problems, Typed } from '../views.ts'
import { Field, Select } from './field.tsx'
import { countryName } from './shop.tsx'

/** The fields of an address, named as the API names them: `shippingAddress/line1`. */
export function AddressFields({
  prefix,
  section,
  countries,
  typed,
  problems,
}: {
  prefix: string
  /** As in `autocomplete`: shipping or billing. */
  section: 'shipping' | 'billing'
  countries: readonly string[]
  typed: Typed
  problems: Problems
}) {
  const at = (name: string): string => `${prefix}${name}`
  const same = { typed, problems }
  const country = typed[at('country')] ?? countries[0] ?? ''
  const options = countries
    .map((code) => ({ value: code, label: countryName(code) }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en'))
  return (
    <div class="address-fields">
      <Select
        {...same}
        name={at('country')}
        label="Country"
        options={options}
        autocomplete={`${section} country`}
        typed={{ ...typed, [at('country')]: country }}
      />
      <Field {...same} name={at('name')} label="Full name" autocomplete={`${section} name`} maxLength={120} />
      <Field
        {...same}
        name={at('line1')}
        label="Street and number"
        autocomplete={`${section} address-line1`}
        maxLength={200}
      />
      <Field
        {...same}
        name={at('line2')}
        label="Apartment, floor, care of"
        autocomplete={`${section} address-line2`}
        maxLength={200}
        isOptional
      />
      <div class="field-row">
        <Field
          {...same}
          name={at('postalCode')}
          label="Postal code"
          autocomplete={`${section} postal-code`}
          maxLength={16}
        />
        <Field {...same} name={at('city')} label="City" autocomplete={`${section} address-level2`} maxLength={120} />
      </div>
      <Region name={at('region')} section={section} countries={countries} {...same} />
      <div class="field-row">
        <Field
          {...same}
          name={at('company')}
          label="Company"
          autocomplete={`${section} organization`}
          maxLength={120}
          isOptional
        />
        <Field
          {...same}
          name={at('phone')}
          label="Phone"
          type="tel"
          autocomplete={`${section} tel`}
          maxLength={25}
          isOptional
        />
      </div>
    </div>
  )
}

/** A list of states where only one country is served, a text field where it depends, nothing where no country has them. */
function Region({
  name,
  section,
  countries,
  ...same
}: {
  name: string
  section: string
  countries: readonly string[]
  typed: Typed
  problems: Problems
}) {
  const autocomplete = `${section} address-level1`
  const [only] = countries
  const list = countries.length === 1 && only !== undefined ? regions[only] : undefined
  if (list) {
    const options = Object.entries(list.names).map(([value, label]) => ({ value, label }))
    const choose = { value: '', label: 'Choose' }
    return (
      <Select {...same} name={name} label={list.label} options={[choose, ...options]} autocomplete={autocomplete} />
    )
  }
  if (!countries.some((country) => country in regions)) return null
  return (
    <Field
      {...same}
      name={name}
      label="State or province"
      autocomplete={autocomplete}
      maxLength={60}
      hint="For the United States, Canada and Australia, as a code such as CA."
      isOptional
    />
  )
}

/** An address as it stands on a parcel. */
export function AddressLines({
  address,
}: {
  address: {
    readonly name: string
    readonly company?: string
    readonly line1: string
    readonly line2?: string
    readonly city: string
    readonly region?: string
    readonly postalCode: string
    readonly country: string
  }
}) {
  const { name, company, line1, line2, postalCode, city, region, country } = address
  const town = country === 'US' || country === 'CA' ? [city, region, postalCode] : [postalCode, city, region]
  const lines = [name, company, line1, line2, town.filter(Boolean).join(' '), countryName(country)]
  return (
    <address>
      {lines
        .filter((line) => line)
        .map((line) => (
          <>
            {line}
            <br />
          </>
        ))}
    </address>
  )
}
