import { complain } from './terminal.ts'

/** What has to be ended, from the last begun to the first. */
export type Ending = {
  add(stop: () => Promise<unknown>): void
  /** Ends all, once: whoever asks again waits for the same end. */
  end(): Promise<void>
}

/** @param onFault told of what could not be ended; the rest is ended all the same */
export function openEnding(onFault: (error: Error) => void): Ending {
  const stops: (() => Promise<unknown>)[] = []
  let ending: Promise<void> | undefined
  const endAll = async (): Promise<void> => {
    for (const stop of stops.reverse()) await stop().catch(onFault)
  }
  return {
    add(stop) {
      // What was just being started when the end came.
      if (ending) ending = ending.then(() => stop().then(() => undefined, onFault))
      else stops.push(stop)
    },
    end() {
      ending ??= endAll()
      return ending
    },
  }
}

/** Ctrl-C ends all that was started; a second one leaves it to the system. */
export function endOnSignal(ending: Ending): void {
  let asked = false
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (asked) process.exit(130)
      asked = true
      complain('stopping what was started …')
      void ending.end().finally(() => process.exit(130))
    })
}
