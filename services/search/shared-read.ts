import { currentCall, serviceCall, withCall } from '#kernel/call'
import { unavailable } from '#kernel/problem'

/** What is kept of a million products takes PostgreSQL seconds, once. */
const readWithinMs = 20_000

/**
 * Reads what is kept for all who ask after this, within a time of its own. By the time of whoever asked first it would begin anew with
 * each who asks, and never end.
 */
export const forAllWhoAsk = <R>(read: () => Promise<R>): Promise<R> =>
  withCall(serviceCall('search', { timeoutMs: readWithinMs }), read)

/** Waits as long as the call has time, and throws `unavailable` then. */
export async function whileThereIsTime<R>(work: Promise<R>): Promise<R> {
  const { deadline } = currentCall() ?? { deadline: Date.now() + readWithinMs }
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(unavailable('Products are still being read.')), deadline - Date.now())
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
