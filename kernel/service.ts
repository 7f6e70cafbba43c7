import type { Logger } from 'pino'
import type T from 'typebox'
import type { Call, Importance } from './call.ts'
import type { Client } from './client.ts'
import type { Contract, Input, Operation, Outcome } from './contract.ts'
import type { Database, Stale } from './database.ts'
import type { Breaker, BreakerOptions } from './dependency.ts'
import type { Figure } from './figures.ts'
import type { GiveWay } from './give-way.ts'
import type { IdempotencyStore } from './idempotency.ts'
import type { Subscription } from './inbox.ts'
import type { EventSource } from './outbox.ts'

/** Work a service does by itself, again and again. Every copy runs it, so it must be safe beside itself. */
export type Job = {
  readonly name: string
  readonly everyMs: number
  /** `background` where none is named: it waits while more important things need all there is. */
  readonly importance?: Importance
  /** `stopping` is aborted when the host stops: a job that goes on for long leaves then, and is taken up again elsewhere. */
  readonly run: (stopping: AbortSignal) => Promise<void>
}

/** What a service is given when it starts. `Called` are the contracts that it declared to call. */
export type ServiceHost<S, Called extends Contract = Contract> = {
  /** The service's own schema. Throws for a service that declared no database. */
  readonly db: Database
  /** The same as it was a few seconds ago at most, for what is only looked at: a copy of it, where the shop has one. */
  readonly stale: Stale
  /** A typed client of a service that it declared to call: a plain call when that is hosted here, HTTP otherwise. */
  client<C extends Called>(contract: C): Client<C>
  readonly log: Logger
  /** For work that nobody waits for and that is much. */
  readonly giveWay: GiveWay
  /** A circuit breaker around something outside of the shop, a provider unless it says otherwise. Staff see its state and its fallback. */
  breaker(options: Omit<BreakerOptions, 'kind'> & Partial<Pick<BreakerOptions, 'kind'>>): Breaker
  /** The service's part of `stoa.config.ts`, checked against its schema. */
  readonly settings: S
  readonly shop: ShopFacts
  /** Where embedded stores keep their files. */
  readonly dataFolder: string
  /** A secret of this shop that it declared, by name: made at the first start, the same in every process. */
  secret(name: string): Promise<string>
  /** Another process' address or key that only the deployment knows. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The services that must hear of an event type, from all declarations: for a service that keeps its own events. */
  subscribersOf(eventType: string): readonly string[]
  /** Sends what is due now instead of at the relay's next look. Called after an event was written beside the outbox. */
  wakeRelay(): void
}

export type ShopFacts = {
  readonly name: string
  /** Origin of the public URL, without a slash at the end. */
  readonly publicUrl: string
  readonly demo: boolean
}

export type Handlers<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: Input<C['operations'][K]>,
    call: Call,
  ) => Promise<Outcome<C['operations'][K]>>
}

/** A started service. */
export type Wiring<C extends Contract> = {
  readonly operations: Handlers<C>
  readonly subscriptions?: readonly Subscription[]
  readonly jobs?: readonly Job[]
  /** Where its events and keys are kept when that is not its PostgreSQL schema. */
  readonly events?: EventSource
  readonly idempotency?: IdempotencyStore
  /** Why it can serve nobody now, in a sentence, or null: for a service that keeps its data elsewhere. */
  readonly trouble?: () => Promise<string | null>
  /** What is counted of its data for whoever watches the shop. */
  readonly figures?: readonly Figure[]
  readonly close?: () => Promise<void>
}

export type ServiceDefinition<
  C extends Contract = Contract,
  S extends T.TSchema = T.TSchema,
  Called extends Contract = Contract,
> = {
  readonly contract: C
  readonly settings: S
  /** Whom it calls. It has no client of anybody else, and a cluster's network lets nothing else pass. */
  readonly calls?: readonly Called[]
  /** The names of the shop's secrets that it uses: a process is given those of its services only. */
  readonly secrets?: readonly string[]
  /** Ceiling of its connection pool, or null when it keeps nothing in PostgreSQL. */
  readonly connections: number | null
  /** Folder of its migrations. */
  readonly migrations: string | null
  readonly start: (host: ServiceHost<T.Static<S>, Called>) => Promise<Wiring<C>>
}

/** Binds a contract to the use cases that keep it. The last line of every `service.ts`. */
export function service<C extends Contract, S extends T.TSchema, Called extends Contract = never>(
  definition: ServiceDefinition<C, S, Called>,
): ServiceDefinition<C, S, Called> {
  return definition
}

/** A definition whose exact contract no longer matters: what a host and a registry hold. */
export type AnyService = Omit<ServiceDefinition, 'contract' | 'calls' | 'start'> & {
  // biome-ignore lint/suspicious/noExplicitAny: a list of services of different contracts has no narrower type
  readonly contract: Contract<any>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly calls?: readonly Contract<any>[]
  // biome-ignore lint/suspicious/noExplicitAny: a service is given the settings that its own schema has checked
  readonly start: (host: ServiceHost<any, any>) => Promise<Wiring<any>>
}

export type AnyHandler = (input: unknown, call: Call) => Promise<Outcome<Operation>>
