import { validationFailed } from './problem.ts'

/**
 * Countries whose addresses need a state or province, by the codes that tax zones use (ISO 3166-2 without the country, and for the
 * military mail of the United States those of USPS Publication 28).
 */
export const regions: Readonly<
  Record<string, { readonly label: string; readonly names: Readonly<Record<string, string>> }>
> = {
  US: {
    label: 'State',
    names: parse(
      'AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,PR Puerto Rico,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming,AS American Samoa,GU Guam,MP Northern Mariana Islands,VI U.S. Virgin Islands,AA Armed Forces Americas,AE Armed Forces Europe,AP Armed Forces Pacific',
    ),
  },
  CA: {
    label: 'Province',
    names: parse(
      'AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon',
    ),
  },
  AU: {
    label: 'State',
    names: parse(
      'ACT Australian Capital Territory,NSW New South Wales,NT Northern Territory,QLD Queensland,SA South Australia,TAS Tasmania,VIC Victoria,WA Western Australia',
    ),
  },
}

const plain = (written: string): string => written.trim().normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

const codes = new Map(
  Object.entries(regions).map(([country, { names }]) => [
    country,
    new Map(Object.entries(names).flatMap(([code, name]) => [code, name].map((written) => [plain(written), code]))),
  ]),
)

/** The code of a state or province as somebody wrote it: `ca`, `California`. The text itself where a country has no codes
 *  here; null where the country needs one and this is none. */
export function regionCode(country: string | undefined, written: string | undefined): string | undefined | null {
  const known = country === undefined ? undefined : codes.get(country)
  return known ? (known.get(plain(written ?? '')) ?? null) : written
}

/** Whether two texts mean the same state or province of a country. */
export const sameRegion = (country: string, a: string, b: string): boolean =>
  plain(regionCode(country, a) ?? a) === plain(regionCode(country, b) ?? b)

/**
 * An address with its state or province as the code, where one is given and the country has codes. Throws a validation problem
 * when it is none of the country's.
 * @param path of the address within the input: `shippingAddress/`
 */
export function withRegionCode<A extends { readonly country: string; readonly region?: string }>(
  address: A,
  path: string,
): A {
  const { country, region } = address
  const list = regions[country]
  if (region === undefined || !list) return address
  const code = regionCode(country, region)
  if (code) return { ...address, region: code }
  const [[exampleCode, exampleName] = []] = Object.entries(list.names)
  const message = `must be a ${list.label.toLowerCase()} of ${country}, by code or name, such as ${exampleCode} or ${exampleName}`
  throw validationFailed([{ field: `${path}region`, message }])
}

function parse(list: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.split(',').map((one) => [one.slice(0, one.indexOf(' ')), one.slice(one.indexOf(' ') + 1)]),
  )
}
