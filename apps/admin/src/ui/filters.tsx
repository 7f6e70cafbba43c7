import { Select, TextField } from './kit.tsx'

/** Search and state above a list. */
export function Filters({
  what,
  placeholder,
  q,
  onQ,
  status,
  onStatus,
  states,
  others = {},
}: {
  what: string
  placeholder: string
  q: string
  onQ: (q: string) => void
  status: string
  onStatus: (status: string) => void
  states: readonly string[]
  /** What else can be chosen among the states, by its title. */
  others?: Readonly<Record<string, string>>
}) {
  return (
    <div className="grid gap-2 border-b border-line p-3 sm:grid-cols-[1fr_12rem]">
      <TextField
        label={`Search ${what}`}
        hideLabel
        type="search"
        placeholder={placeholder}
        value={q}
        onChange={(event) => onQ(event.target.value)}
      />
      <Select label="State" hideLabel value={status} onChange={(event) => onStatus(event.target.value)}>
        <option value="">All states</option>
        {states.map((one) => (
          <option key={one} value={one}>
            {one.replaceAll('_', ' ')}
          </option>
        ))}
        {Object.entries(others).map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </Select>
    </div>
  )
}
