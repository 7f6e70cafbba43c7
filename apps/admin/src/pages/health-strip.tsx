import { useQuery } from '@tanstack/react-query'
import { get } from '../api.ts'
import { Notice } from '../ui/kit.tsx'
import { type Health, troublesOf } from './health-troubles.ts'

/** Trouble is seen within a look or two, in milliseconds. */
const refetchMs = 15_000

/** What does not answer, what happens meanwhile, and whether people are turned away. Nothing while all is well. */
export function HealthStrip() {
  const { data } = useQuery({
    queryKey: ['health'],
    queryFn: () => get<Health>('/api/admin/health'),
    refetchInterval: refetchMs,
  })
  const troubles = data ? troublesOf(data, Date.now()) : []
  if (troubles.length === 0) return null
  return (
    <Notice>
      <ul className="flex flex-col gap-1.5">
        {troubles.map(({ what, meanwhile }) => (
          <li key={what}>
            <strong className="font-semibold">{what}</strong> {meanwhile}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
