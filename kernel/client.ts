import { type Call, currentCall, serviceCall } from './call.ts'
import type { Contract, Input, Operation, Outcome } from './contract.ts'
import { refuseInsideTransaction } from './database.ts'

export type CallOptions = {
  /** Makes a command safe to repeat: the same key gives the same answer. */
  readonly key?: string
  /** Gives up earlier than the operation's own limit. */
  readonly timeoutMs?: number
  /** Asks about something that the shopper typed: a limit on guesses counts it for whoever typed it. */
  readonly forwardsAddress?: boolean
}

/** A contract as something to call. A caller never knows where the service runs. */
export type Client<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: Input<C['operations'][K]>,
    options?: CallOptions,
  ) => Promise<Outcome<C['operations'][K]>>
}

/** Carries a call to wherever the service is. */
export type Mesh = (contract: Contract, operation: string, input: unknown, call: Call) => Promise<Outcome<Operation>>

/**
 * Makes a client of `contract` for `caller`. Actor and trace id are handed on, the deadline only shrinks, and the
 * caller's own idempotency key is not: it names the caller's answer, not this one's.
 *
 * @param options.forwardsAddress hands the shopper's network address on, so that rate limits count what comes through
 *   the pages of an app as they count the API; what services ask of each other is not the shopper's doing
 */
export function createClient<C extends Contract>(
  contract: C,
  caller: string,
  mesh: Mesh,
  { forwardsAddress = false }: { readonly forwardsAddress?: boolean } = {},
): Client<C> {
  const client: Record<string, (input: unknown, options?: CallOptions) => Promise<unknown>> = {}
  for (const [name, operation] of Object.entries(contract.operations)) {
    client[name] = (input, options = {}) => {
      refuseInsideTransaction(`${contract.name}.${name}`)
      const timeoutMs = options.timeoutMs ?? operation.timeoutMs
      const parent = currentCall() ?? serviceCall(caller, { timeoutMs, importance: 'account' })
      return mesh(contract, name, input, {
        ...parent,
        address: (options.forwardsAddress ?? forwardsAddress) ? parent.address : null,
        deadline: Math.min(parent.deadline, Date.now() + timeoutMs),
        idempotencyKey: options.key ?? null,
      })
    }
  }
  return client as Client<C>
}
