import T from 'typebox'

const said = new Map<string, string>()

/**
 * The schema of a text that has to be written in a certain way.
 * @param words what the pattern asks for, to follow "must be": who filled a field in cannot read an expression
 */
export function Written(pattern: string, words: string, options: T.TStringOptions = {}): T.TString {
  said.set(pattern, words)
  return T.String({ ...options, pattern })
}

/** A text of one to `maxLength` characters that are not all spaces. */
export const Filled = (maxLength: number): T.TString => T.String({ minLength: 1, maxLength, pattern: anything })
const anything = '\\S'

/** What names that stand in configuration and addresses are made of. */
export const lowerCaseName = 'lower case letters, digits and dashes, beginning with a letter'

/** What a pattern of a schema asks for, or null when nobody said it. */
export const wordsOfPattern = (pattern: string): string | null =>
  pattern === anything ? 'more than spaces' : (said.get(pattern) ?? null)

/** A fault as a schema's validator tells it. */
export type SchemaFault = {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}
type Params = {
  readonly limit?: number
  readonly pattern?: string
  readonly type?: string
  readonly allowedValue?: unknown
  readonly multipleOf?: number
  readonly requiredProperties?: readonly string[]
  readonly additionalProperties?: readonly string[]
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}
const isWithinChoice = /\/anyOf\/\d+$/

/** Faults as fields with sentences for a person, each once. */
export function inWords(faults: readonly SchemaFault[]): { field: string; message: string }[] {
  const told = new Map<string, { field: string; message: string }>()
  const tell = (field: string, message: string): void => void told.set(`${field} ${message}`, { field, message })
  for (const fault of faults) {
    const field = fault.instancePath.slice(1)
    const params = fault.params as Params
    const inner = (name: string): string => (field ? `${field}/${name}` : name)
    for (const name of params.requiredProperties ?? []) tell(inner(name), 'is required')
    for (const name of params.additionalProperties ?? []) tell(inner(name), 'is not a known field')
    const message = sentence(fault, params, faults)
    if (message !== null) tell(field, message)
  }
  return [...told.values()]
}

/** What one fault says, or null where others say it better. */
function sentence(fault: SchemaFault, { limit = 0, ...params }: Params, faults: readonly SchemaFault[]): string | null {
  switch (fault.keyword) {
    case 'required':
    case 'additionalProperties':
    // Said again of every unknown field, and of a choice none of whose alternatives fits: those say what is wrong.
    case 'boolean':
    case 'anyOf':
      return null
    case 'type':
    case 'const':
      return isBesideTheChoice(fault, faults) ? null : `must be ${choices(fault, faults)}`
    case 'minimum':
      return `must be ${limit} or more`
    case 'maximum':
      return `must be ${limit} or less`
    case 'multipleOf':
      return `must be a multiple of ${params.multipleOf}`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} entries`
    case 'maxItems':
    case 'maxProperties':
      return `must have at most ${limit} ${limit === 1 ? 'entry' : 'entries'}`
    case 'pattern': {
      // Of an empty text it is said already.
      if (faults.some(({ keyword, instancePath }) => keyword === 'minLength' && instancePath === fault.instancePath))
        return null
      return `must be ${wordsOfPattern(params.pattern ?? '') ?? 'written in another way'}`
    }
    default:
      return fault.message
  }
}

/** Whether a fault is about an alternative that nobody meant: of "a text or null", a text that is too long is no null either. */
function isBesideTheChoice(fault: SchemaFault, faults: readonly SchemaFault[]): boolean {
  if (!isWithinChoice.test(fault.schemaPath)) return false
  const { instancePath } = fault
  return faults.some(
    (other) =>
      other.instancePath.startsWith(`${instancePath}/`) ||
      (other.instancePath === instancePath && !['type', 'const', 'anyOf'].includes(other.keyword)),
  )
}

/** All values or types that a field may have. */
function choices(fault: SchemaFault, faults: readonly SchemaFault[]): string {
  const alternatives = isWithinChoice.test(fault.schemaPath)
    ? faults.filter((one) => one.instancePath === fault.instancePath && isWithinChoice.test(one.schemaPath))
    : [fault]
  const names = alternatives.flatMap(({ keyword, params }) => {
    const { type = '', allowedValue } = params as Params
    if (keyword === 'const') return [String(allowedValue)]
    return keyword === 'type' ? [types[type] ?? type] : []
  })
  const [last = '', ...others] = [...new Set(names)].reverse()
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`
}
