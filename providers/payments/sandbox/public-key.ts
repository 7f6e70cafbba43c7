import { createHash } from 'node:crypto'

/** The key that card fields carry. It follows from the secret one, so that it need not be configured too. */
export const publicKeyOf = (secretKey: string): string =>
  `pk_sandbox_${createHash('sha256').update(`public key of ${secretKey}`).digest('hex').slice(0, 32)}`
