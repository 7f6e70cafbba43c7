import { useQuery } from '@tanstack/react-query'
import type { identity } from '../../../../services/identity/contract.ts'
import { type Answer, get } from '../api.ts'
import { useMay, useSession } from '../session.ts'

/** Names for who did something: oneself, a colleague where one may know them, the shopper, the shop. */
export function useActorName(): (by: string) => string {
  const own = useSession().data?.session?.id
  const staff = useQuery({
    queryKey: ['staff names'],
    queryFn: () => get<Answer<typeof identity, 'staffMembers'>>('/api/admin/staff', { limit: 100 }),
    enabled: useMay()('staff:read'),
    staleTime: 300_000,
  })
  return (by) => {
    if (by === own) return 'you'
    if (by === 'shopper') return 'the customer'
    if (by === 'system') return 'the shop'
    return staff.data?.items.find(({ id }) => id === by)?.name ?? 'a colleague'
  }
}
