import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

/**
 * What a list is narrowed to, under its name in the address: who comes back from what they opened, or was sent the link, finds the same
 * list.
 */
export function useNarrowed(name: 'q' | 'status'): [string, (value: string) => void] {
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false })
  const navigate = useNavigate()
  // The address follows what is typed, a moment later.
  const [value, setValue] = useState(() => String(search[name] ?? ''))
  const set = (wanted: string): void => {
    setValue(wanted)
    void navigate({ to: '.', search: (before) => ({ ...before, [name]: wanted || undefined }), replace: true })
  }
  return [value, set]
}
