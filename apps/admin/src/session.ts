import { useQuery } from '@tanstack/react-query'
import type { identity } from '../../../services/identity/contract.ts'
import { type Answer, get } from './api.ts'

export type Session = NonNullable<Answer<typeof identity, 'session'>['session']>

/** Who is signed in; undefined while that is not known yet. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: () => get<Answer<typeof identity, 'session'>>('/api/auth/session'),
    staleTime: 60_000,
  })
}

/** Whether to show what needs `permission`. Only the API decides whether it may be done. */
export function useMay(): (permission: string) => boolean {
  const permissions = useSession().data?.session?.permissions ?? []
  return (permission) => permissions.includes(permission)
}
