/** The ten services, in the order in which a shop is read. */
export const allServiceNames = [
  'identity',
  'catalog',
  'search',
  'pricing',
  'inventory',
  'cart',
  'orders',
  'payments',
  'shipping',
  'notifications',
] as const
