import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, errorsOf } from '../api.ts'
import { commandKey } from './command-key.ts'

type Options<A> = {
  /** Called after what is shown was asked for anew. */
  readonly onDone?: (answer: A) => void
  /** Fields that show their own errors; every other error is told for the whole form. */
  readonly fields?: readonly string[]
}

/**
 * Something a person does. One key names the intent until it is decided, so a second click or a retry does it once. After
 * it what is shown is asked for anew; also after a conflict or a lost answer, which mean that the page is out of date.
 */
export function useCommand<V, A>(run: (input: V, key: string) => Promise<A>, { onDone, fields = [] }: Options<A> = {}) {
  const queries = useQueryClient()
  const [key] = useState(() => commandKey())
  const mutation = useMutation({
    mutationFn: (input: V) => run(input, key.current()),
    onSuccess: async (answer) => {
      key.settle(null)
      await queries.invalidateQueries()
      onDone?.(answer)
    },
    onError: (error) => {
      key.settle(error)
      if (!(error instanceof ApiError) || !error.isDecided || error.status === 409) void queries.invalidateQueries()
    },
  })
  const error = mutation.error instanceof ApiError ? mutation.error : null
  const told = error?.fields ?? []
  const beside = new Set(fields.flatMap((field) => errorsOf(told, field)))
  const rest = told.filter((one) => !beside.has(one))
  return {
    run: mutation.mutate,
    running: mutation.isPending,
    done: mutation.isSuccess,
    reset: mutation.reset,
    error,
    message:
      told.length === 0
        ? (mutation.error?.message ?? null)
        : rest.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join(' ') || null,
    errorOf: (field: string): string | undefined => errorsOf(told, field)[0]?.message,
  }
}
