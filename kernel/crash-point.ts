import { channel } from 'node:diagnostics_channel'

/** A place that a process passes with something half done: a crash there is what recovery is for. */
export type CrashPoint = { readonly service: string; readonly point: string; readonly subject: string }

/** Nobody listens, but for a process of `stoa chaos` that was told to die at one of these places. */
export const crashPoints = channel('stoa:crash-point')

/** Says that `service` passes a crash point. Costs a look at an empty list of listeners. */
export const passing =
  (service: string) =>
  async (point: string, subject: string): Promise<void> => {
    if (crashPoints.hasSubscribers) crashPoints.publish({ service, point, subject } satisfies CrashPoint)
  }
