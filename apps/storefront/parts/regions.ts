/** Countries whose addresses need a state or province, by the codes that tax zones use (ISO 3166-2 without the country). */
export const regions: Readonly<
  Record<string, { readonly label: string; readonly names: Readonly<Record<string, string>> }>
> = {
  US: {
    label: 'State',
    names: parse(
      'AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,PR Puerto Rico,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming',
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

/** The code of a state or province as somebody wrote it: `ca`, `California`. The text itself where a country has no codes
 *  here; null where the country needs one and this is none. */
export function regionCode(country: string | undefined, written: string | undefined): string | undefined | null {
  const list = country === undefined ? undefined : regions[country]
  if (!list) return written
  const wanted = (written ?? '').toLowerCase()
  const found = Object.entries(list.names).find(
    ([code, name]) => code.toLowerCase() === wanted || name.toLowerCase() === wanted,
  )
  return found ? found[0] : null
}

function parse(list: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.split(',').map((one) => [one.slice(0, one.indexOf(' ')), one.slice(one.indexOf(' ') + 1)]),
  )
}
