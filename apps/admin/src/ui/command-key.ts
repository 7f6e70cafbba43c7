import { ApiError } from '../api.ts'

/**
 * The key of something a person wants done once. It stays while nobody knows whether it was done, so that a retry cannot
 * do it twice; it changes as soon as the shop has decided, since a decision is stored under its key.
 */
export function commandKey(newKey: () => string = () => crypto.randomUUID()) {
  let key = newKey()
  return {
    current: (): string => key,
    /** @param error what came instead of an answer; null when it was done */
    settle(error: unknown): void {
      if (error === null || (error instanceof ApiError && error.isDecided)) key = newKey()
    },
  }
}
