import { hash } from 'node:crypto'
import { TypeID } from 'typeid-js'

/** The id of something at a row of the file. */
export type IdAtRow = (prefix: string, row: number) => string

/**
 * Makes the ids of what one product's rows make. They follow from the import, the handle and the row, so that a run that is
 * repeated after a crash makes the same things; they begin with the import's time, so that ids keep their order.
 */
export function idsOf(importId: string, handle: string): IdAtRow {
  const bytes = Buffer.alloc(16)
  bytes.set(TypeID.fromString(importId).toUUIDBytes().subarray(0, 6))
  hash('sha256', `${importId} ${handle}`, 'buffer').copy(bytes, 10, 0, 6)
  return (prefix, row) => {
    bytes.writeUInt32BE(row, 6)
    return TypeID.fromUUIDBytes(prefix, bytes).toString()
  }
}
