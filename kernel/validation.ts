import T from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { isText } from './fields.ts'
import { validationFailed } from './problem.ts'
import { inWords } from './validation-words.ts'

type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json }

/** A copy of a schema in which every object refuses what it does not name, so that no contract can forget to say it. */
export function strictSchema<S extends T.TSchema>(schema: S): S {
  return strict(schema as unknown as Json) as unknown as S
}

function strict(node: Json): Json {
  if (Array.isArray(node)) return node.map(strict)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.create(Object.getPrototypeOf(node), Object.getOwnPropertyDescriptors(node)) as {
    [key: string]: Json
  }
  for (const key of Object.keys(copy)) copy[key] = strict(copy[key])
  if (copy.type === 'object' && (copy.properties || copy.patternProperties) && copy.additionalProperties === undefined)
    copy.additionalProperties = false
  return copy
}

/** At most this many faults are told at once: enough to mend a form, too few to build a large answer. */
const errorsAtMost = 10

/** Checks values against a schema; `coerce` first reads `"5"` as 5, for query strings and paths only. */
export type Check<S extends T.TSchema> = (value: unknown) => T.Static<S>

const validators = new WeakMap<object, Validator>()

/**
 * A strict check that throws a 422 naming each field that is wrong. Compiled at the first use and once a schema: an edge
 * has two hundred operations, and a start should not wait for all of them.
 */
export function compileCheck<S extends T.TSchema>(schema: S, options: { coerce: boolean }): Check<S> {
  return (value) => {
    let validator = validators.get(schema)
    if (!validator) {
      validator = Compile(strictSchema(schema) as T.TSchema)
      validators.set(schema, validator)
    }
    const read = options.coerce ? validator.Convert(value) : value
    if (!validator.Check(read)) throw validationFailed(inWords(validator.Errors(read)).slice(0, errorsAtMost))
    const at = findNoText(read)
    if (at !== null)
      throw validationFailed([{ field: at, message: 'holds a character that no text has (NUL or half of a pair)' }])
    return read as T.Static<S>
  }
}

/** The first text, as a path, that no database takes: so no pattern of a schema has to think of it. Files are bytes. */
function findNoText(value: unknown, path = ''): string | null {
  if (typeof value === 'string') return isText(value) ? null : path
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'rawBody') continue
    if (!isText(key)) return path
    const found = findNoText(inner, path ? `${path}/${key}` : key)
    if (found !== null) return found
  }
  return null
}

/** The properties `names` of an object schema, and the rest. */
export function splitSchema(schema: T.TObject, names: readonly string[]): { named: T.TObject; rest: T.TObject } {
  const pick = (wanted: (key: string) => boolean): T.TObject =>
    T.Object(Object.fromEntries(Object.entries(schema.properties).filter(([key]) => wanted(key))))
  return { named: pick((key) => names.includes(key)), rest: pick((key) => !names.includes(key)) }
}
