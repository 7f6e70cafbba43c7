import { createHash, randomBytes } from 'node:crypto'
import type T from 'typebox'
import { TypeID, typeidUnboxed } from 'typeid-js'
import { Written } from './validation-words.ts'

/** A new TypeID: prefix and UUIDv7, so ids sort by time of making. Not a secret. */
export const newId = (prefix: string): string => typeidUnboxed(prefix)

/** A new id that is a capability: prefix and 128 random bits. Never ordered by time, so it cannot be guessed from another. */
export const newCapability = (prefix: string): string => TypeID.fromUUIDBytes(prefix, randomBytes(16)).toString()

/** The id that `origin` always leads to: what is made twice of one request is made once. Nor does it sort by time. */
export const derivedId = (prefix: string, origin: string): string =>
  TypeID.fromUUIDBytes(prefix, createHash('sha256').update(origin).digest().subarray(0, 16)).toString()

/** The schema of ids with `prefix`. */
export const Id = (prefix: string, description?: string): T.TString =>
  Written(
    `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`,
    `an id that begins with ${prefix}_`,
    description ? { description } : {},
  )

/** How secrets that are looked up are stored: a plain digest suffices, since they hold 128 random bits. */
export const digest = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
