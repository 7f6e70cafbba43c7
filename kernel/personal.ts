import type T from 'typebox'

/** Why a field about a person is held (GDPR Articles 5, 6 and 30). */
export type PersonalTag = {
  readonly kind: 'name' | 'email' | 'phone' | 'address' | 'credential' | 'network' | 'message'
  readonly purpose: string
  readonly basis: 'contract' | 'legal-obligation' | 'consent' | 'legitimate-interest'
  /** How long, as an ISO 8601 duration counted from the last use, or the law that says so. */
  readonly retention: string
}

/**
 * Tags a schema field that holds personal data. Log redaction, the register of processing, export and erasure read
 * the tag; in the database the same is said by `comment on column … is 'personal: …'`.
 */
export const personal = <S extends T.TSchema>(tag: PersonalTag, schema: S): S => ({ ...schema, personal: tag })

/** The names of all tagged fields below `schema`, for redaction. */
export function personalFields(schema: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const one of schema) personalFields(one, found)
  else if (typeof schema === 'object' && schema !== null) {
    const { properties } = schema as { properties?: Record<string, unknown> }
    for (const [name, inner] of Object.entries(properties ?? {})) {
      if (typeof inner === 'object' && inner !== null && 'personal' in inner) found.add(name)
    }
    for (const inner of Object.values(schema)) personalFields(inner, found)
  }
  return found
}
