import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiError } from '../api.ts'

/**
 * Something a person does. One key names the intent until it succeeds, so a second click or a retry does it once; after
 * success what is shown is asked for anew.
 */
export function useCommand<V, A>(run: (input: V, key: string) => Promise<A>, onDone?: (answer: A) => void) {
  const queries = useQueryClient()
  const key = useRef(crypto.randomUUID())
  const mutation = useMutation({
    mutationFn: (input: V) => run(input, key.current),
    onSuccess: async (answer) => {
      key.current = crypto.randomUUID()
      await queries.invalidateQueries()
      onDone?.(answer)
    },
    onError: (error) => {
      // A refusal is stored under its key like any answer; only a missing answer is worth the same key again.
      if (error instanceof ApiError && error.status > 0 && error.status < 500) key.current = crypto.randomUUID()
    },
  })
  const error = mutation.error instanceof ApiError ? mutation.error : null
  return {
    run: mutation.mutate,
    running: mutation.isPending,
    done: mutation.isSuccess,
    reset: mutation.reset,
    /** For the whole form; errors of fields stand beside them. */
    message: mutation.error && !(error && error.fields.length > 0) ? mutation.error.message : null,
    errorOf: (field: string): string | undefined =>
      error?.fields.find((one) => one.field === field || one.field.startsWith(`${field}/`))?.message,
  }
}
