/** Everything that staff can be allowed to do. Contracts name these in `access: staff(…)`. */
export const permissions = [
  'catalog:read',
  'catalog:write',
  'inventory:read',
  'inventory:write',
  'orders:read',
  'orders:fulfill',
  'orders:cancel',
  'payments:capture',
  'payments:refund',
  'payments:reconcile',
  'gift-cards:read',
  'gift-cards:write',
  'pricing:read',
  'pricing:write',
  'staff:read',
  'staff:write',
  'mail:read',
  'health:read',
  'events:read',
  'events:replay',
] as const
export type Permission = (typeof permissions)[number]

/** What each role allows; a person's permissions are the sum of their roles'. */
export const roles = {
  owner: permissions,
  manager: permissions.filter((one) => one !== 'staff:write'),
  merchandiser: ['catalog:read', 'catalog:write', 'inventory:read', 'pricing:read', 'pricing:write', 'health:read'],
  fulfillment: [
    'orders:read',
    'orders:fulfill',
    'payments:capture',
    'payments:reconcile',
    'inventory:read',
    'inventory:write',
    'catalog:read',
    'health:read',
  ],
  // Who issues gift cards makes money: that is for managers.
  support: [
    'orders:read',
    'orders:cancel',
    'payments:refund',
    'payments:reconcile',
    'gift-cards:read',
    'catalog:read',
    'inventory:read',
    'mail:read',
    'health:read',
  ],
} as const satisfies Record<string, readonly Permission[]>
export type Role = keyof typeof roles

/** The permissions of somebody with these roles, each once. A role that is not known any more allows nothing. */
export function permissionsOf(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => roles[name as Role] ?? []))]
}
