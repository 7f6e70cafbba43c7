import { createRequire } from 'node:module'

// Loaded with its first use, as its own requirement is large.
const require = createRequire(import.meta.url)

type Serialize = (value: unknown) => string

/**
 * Serializers made at the first answer of each operation: making them all took a second of every start. They write what
 * the schema declares and nothing else, so a field that a use case returns by mistake stays inside.
 */
export const lazySerializer = ({ schema }: { readonly schema?: unknown }): Serialize => {
  let serialize: Serialize | null = null
  return (value) => {
    serialize ??= (require('fast-json-stringify') as (schema: unknown) => Serialize)(schema)
    return serialize(value)
  }
}

const noValidator = (): never => {
  throw new Error('this server declares no way to check what comes in')
}

/**
 * For each server that is made: without it Fastify loads Ajv, a hundred modules of every start. Inputs are judged by their contracts;
 * a server whose routes have schemas of their own sets its validator.
 */
export const schemaController = {
  compilersFactory: { buildValidator: () => noValidator, buildSerializer: () => lazySerializer },
}
