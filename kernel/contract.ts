import type T from 'typebox'
import type { Importance } from './call.ts'
import type { EventDeclaration } from './event.ts'

/**
 * Who may call an operation. There is no default: an operation that does not say does not compile, and one that says
 * `internal` has no public route at all.
 */
export type Access =
  | { readonly kind: 'anyone' }
  /** Whoever knows the unguessable value in the input field `field` (a cart id, an order token). The use case checks it. */
  | { readonly kind: 'capability'; readonly field: string }
  | { readonly kind: 'customer' }
  | { readonly kind: 'staff'; readonly permission: string }
  | { readonly kind: 'internal' }

export const anyone: Access = { kind: 'anyone' }
export const capability = (field: string): Access => ({ kind: 'capability', field })
export const customer: Access = { kind: 'customer' }
export const staff = (permission: string): Access => ({ kind: 'staff', permission })
export const internal: Access = { kind: 'internal' }

/** The status a refusal has over HTTP, and where callers can act on more than its name, the schema of its data. */
export type RefusalDeclaration = number | readonly [status: number, data: T.TSchema]
export type Refusals = Readonly<Record<string, RefusalDeclaration>>

/** How often one caller may do it. */
export type RateLimit = {
  readonly max: number
  readonly perSeconds: number
  /** `refused` counts only calls that were refused, and a list those refused with one of its types: guesses, not customers. */
  readonly counts: 'all' | 'refused' | readonly string[]
  /** Only calls that give this input field are limited; null: all are. */
  readonly field: string | null
  /** Operations that name the same bucket are counted together, so that no door to the same guess is cheaper; null: each by itself. */
  readonly bucket: string | null
  /** A caller on the machine itself (loopback, not forwarded by a proxy) is not limited: load tests, jobs, the shop's own till. */
  readonly exemptLoopback: boolean
}

/**
 * What a repeated call does.
 * - `key`: an `Idempotency-Key` is accepted, and the kernel stores the answer under it;
 * - `required`: the same, and a call without a key is refused;
 * - `with-effect`: the same as `key`, and the call writes through `gatheredEffect`, which claims the key with the effect: of two calls
 *   with one key both may look around, one has the effect, and the other gets its answer;
 * - `use-case`: the key is required and the use case itself stores it in its own transaction (checkout does);
 * - `natural`: the same input twice has the effect of once, so clients may retry it without a key;
 * - `unkept`: a key is accepted and nothing is stored under it, since the answer is a secret: a repeat is done again.
 */
export type Idempotency = 'key' | 'required' | 'with-effect' | 'use-case' | 'natural' | 'unkept'

export type Operation<
  I extends T.TObject = T.TObject,
  O extends T.TSchema = T.TSchema,
  R extends Refusals = Refusals,
> = {
  readonly kind: 'query' | 'command'
  /** `POST /carts/{cartId}/lines`, to be found under `/api`; null for operations that only services call. */
  readonly route: Route | null
  readonly summary: string
  /** One alternative is enough. */
  readonly access: readonly Access[]
  readonly idempotency: Idempotency
  readonly input: I
  readonly output: O
  readonly refusals: R
  readonly status: number
  readonly limits: readonly RateLimit[]
  /** The body as it came, not parsed: signatures and files are checked over bytes. Input fields `rawBody` and `headers`. */
  readonly raw: {
    readonly contentTypes: readonly string[]
    readonly headers: readonly string[]
    readonly maxBytes: number
  } | null
  /** The answer is the same for whoever asks: the public door may give one that is a second old. */
  readonly shared: boolean
  /** What a shared answer is about, so that it may be given until there are news of that; null where that is not known. */
  readonly about: ((asked: never, answer: never) => string | null) | null
  /** Milliseconds after which a caller gives up. */
  readonly timeoutMs: number
  /** For requests that come in by the route. What services ask of each other is as important as what it is asked for. */
  readonly importance: Importance
}

export type Route = { readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly path: string }

export type Contract<Ops extends Readonly<Record<string, Operation>> = Readonly<Record<string, Operation>>> = {
  readonly name: string
  readonly operations: Ops
  /** The events of others this service handles. Publishers address deliveries by this, whoever happens to run. */
  readonly subscribes: readonly EventDeclaration[]
  /** What others do while it does not answer, as staff are told. */
  readonly fallback: string
}

type GivenLimit = Partial<RateLimit> & Pick<RateLimit, 'max' | 'perSeconds'>

/** Nobody guesses in its place, and nothing is lost. */
const noFallback =
  'What needs it is refused with 503 and Retry-After. Events wait, and are sent again until they arrive.'

type OperationOptions<I extends T.TObject, O extends T.TSchema, R extends Refusals> = {
  readonly summary: string
  readonly access: Access | readonly Access[]
  readonly input: I
  readonly output: O
  readonly refusals?: R
  readonly status?: number
  readonly limit?: GivenLimit | readonly GivenLimit[]
  readonly timeoutMs?: number
  /** Only where it does not follow from who may call it. */
  readonly importance?: Importance
}

type QueryOptions<I extends T.TObject, O extends T.TSchema, R extends Refusals> = OperationOptions<I, O, R> & {
  readonly shared?: boolean | ((asked: DeepReadonly<T.Static<I>>, answer: DeepReadonly<T.Static<O>>) => string | null)
}

type CommandOptions<I extends T.TObject, O extends T.TSchema, R extends Refusals> = OperationOptions<I, O, R> & {
  readonly idempotency?: Idempotency
  readonly raw?: Operation['raw']
}

/** Long enough for a cold database, short enough that a shopper still sees an answer. */
const defaultTimeoutMs = 10_000

/** Declares a service's front door: what can be asked of it, by whom, and what it listens to. */
export function contract<const Ops extends Readonly<Record<string, Operation>>>(
  self: string | { readonly name: string; readonly fallback: string },
  operations: Ops,
  options: { readonly subscribes?: readonly EventDeclaration[] } = {},
): Contract<Ops> {
  const { name, fallback } = typeof self === 'string' ? { name: self, fallback: noFallback } : self
  for (const [key, operation] of Object.entries(operations)) checkOperation(`${name}.${key}`, operation)
  return { name, operations, subscribes: options.subscribes ?? [], fallback }
}

/** An operation that changes nothing. `route` is `GET /path/{field}`, or null when only services ask. */
export function query<I extends T.TObject, O extends T.TSchema, const R extends Refusals = Record<never, never>>(
  route: `GET /${string}` | null,
  options: QueryOptions<I, O, R>,
): Operation<I, O, R> {
  return operation('query', route, { ...options, idempotency: 'natural' })
}

/** An operation that changes something. */
export function command<I extends T.TObject, O extends T.TSchema, const R extends Refusals = Record<never, never>>(
  route: `${'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}` | null,
  options: CommandOptions<I, O, R>,
): Operation<I, O, R> {
  return operation('command', route, options)
}

function operation<I extends T.TObject, O extends T.TSchema, R extends Refusals>(
  kind: 'query' | 'command',
  route: string | null,
  options: CommandOptions<I, O, R> & QueryOptions<I, O, R>,
): Operation<I, O, R> {
  const parsed = route === null ? null : parseRoute(route)
  const limits: readonly GivenLimit[] = options.limit ? [options.limit].flat() : []
  const access = (Array.isArray(options.access) ? options.access : [options.access]) as readonly Access[]
  return {
    kind,
    route: parsed,
    summary: options.summary,
    access,
    idempotency: options.idempotency ?? (parsed === null || parsed.method === 'POST' ? 'key' : 'natural'),
    input: options.input,
    output: options.output,
    refusals: (options.refusals ?? {}) as R,
    status: options.status ?? 200,
    limits: limits.map((limit) => ({ counts: 'all', field: null, bucket: null, exemptLoopback: true, ...limit })),
    raw: options.raw ?? null,
    shared: Boolean(options.shared),
    about: typeof options.shared === 'function' ? options.shared : null,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    importance: options.importance ?? importanceOf(kind, access),
  }
}

/** Whoever holds a capability has chosen something; what everybody may read is looked at; the rest is somebody's account. */
function importanceOf(kind: 'query' | 'command', access: readonly Access[]): Importance {
  if (access.some((one) => one.kind === 'capability')) return 'cart'
  return kind === 'query' && access.some((one) => one.kind === 'anyone') ? 'browsing' : 'account'
}

function parseRoute(route: string): Route {
  const [method, path] = route.split(' ', 2)
  if (!method || !path) throw new Error(`contract: "${route}" is not "METHOD /path"`)
  return { method: method as Route['method'], path }
}

/** The names in braces of a route's path, in order. */
export function pathFields(route: Route): string[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string)
}

function checkOperation(name: string, operation: Operation): void {
  const { access, route } = operation
  if (access.length === 0) throw new Error(`contract: ${name} declares nobody who may call it`)
  const isInternal = access.some((one) => one.kind === 'internal')
  if (isInternal !== (route === null)) {
    throw new Error(`contract: ${name} must be internal and without a route, or neither`)
  }
  if (operation.shared && (operation.limits.length > 0 || access.some((one) => one.kind !== 'anyone'))) {
    throw new Error(`contract: ${name} is shared, so it must be for anyone and without a limit`)
  }
  const fields = Object.keys(operation.input.properties)
  for (const one of access) {
    if (one.kind === 'capability' && !fields.includes(one.field)) {
      throw new Error(`contract: ${name} has no input field "${one.field}" to hold its capability`)
    }
  }
  for (const field of route ? pathFields(route) : []) {
    if (!fields.includes(field)) throw new Error(`contract: ${name} has no input field "${field}" for its path`)
  }
}

// ---- What use cases and callers see of a contract ---------------------------------------------------------------

type Primitive = string | number | boolean | bigint | null | undefined
/** Results pass between services in one process without a copy, so nobody may write to them. */
export type DeepReadonly<V> = unknown extends V
  ? V
  : V extends Primitive
    ? V
    : V extends readonly (infer E)[]
      ? readonly DeepReadonly<E>[]
      : { readonly [K in keyof V]: DeepReadonly<V[K]> }

export type Input<Op extends Operation> = DeepReadonly<T.Static<Op['input']>>
export type Output<Op extends Operation> = DeepReadonly<T.Static<Op['output']>>

/** A declared "no": `type` is its stable name (`inventory/insufficient-stock`), `detail` a sentence for a person. */
export type Refusal<Type extends string = string, Data = unknown> = {
  readonly type: Type
  readonly detail: string
  readonly data: Data
}

export type RefusalsOf<R extends Refusals> = {
  [K in keyof R & string]: Refusal<
    K,
    R[K] extends readonly [number, infer S extends T.TSchema] ? DeepReadonly<T.Static<S>> : undefined
  >
}[keyof R & string]

export type Accepted<V> = { readonly ok: true; readonly value: V; readonly cookies?: readonly SetCookie[] }
export type Refused<R extends Refusal = Refusal> = {
  readonly ok: false
  readonly refusal: R
  /** Of the call that was refused, where this is the answer to its repeat. */
  readonly traceId?: string
}
export type Outcome<Op extends Operation> = Accepted<Output<Op>> | Refused<RefusalsOf<Op['refusals']>>

/** A cookie for the browser that asked; only the edge knows its full name and whether it must be Secure. */
export type SetCookie = { readonly name: 'session'; readonly value: string; readonly maxAgeSeconds: number }

/** The answer of a use case that went well. `cookies` reach the browser when the caller came by the public API. */
export function ok<V>(value: V, cookies?: readonly SetCookie[]): Accepted<V> {
  return cookies ? { ok: true, value, cookies } : { ok: true, value }
}

/**
 * The answer of a use case that will not. Nothing is thrown: the compiler makes every caller look.
 * @param type the refusal's declared name, with its service: `inventory/insufficient-stock`
 * @param detail one sentence that tells a person what and where
 * @param data what a program can act on, as the contract declares
 */
export function refuse<const Type extends string>(type: Type, detail: string): Refused<Refusal<Type, undefined>>
export function refuse<const Type extends string, Data>(
  type: Type,
  detail: string,
  data: Data,
): Refused<Refusal<Type, Data>>
export function refuse(type: string, detail: string, data?: unknown): Refused {
  return { ok: false, refusal: { type, detail, data } }
}
