import type { catalog } from '../../../services/catalog/contract.ts'
import type { Answer } from './api.ts'

export type Product = Answer<typeof catalog, 'adminProduct'>
export type Variant = Product['variants'][number]

/** What tells a variant from the others: its options, or the SKU of a product that has one variant. */
export const nameOf = ({ options, sku }: Variant): string => Object.values(options).join(' / ') || sku || 'The product'
