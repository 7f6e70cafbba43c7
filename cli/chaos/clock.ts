let offsetMs = 0

/** Moves this process's clock: what it believes the time to be, not how fast time passes, as when a machine's clock is set. */
export function setClock(ms: number): void {
  offsetMs = ms
}

/**
 * Puts a clock that can be moved in the place of `Date` and `Temporal.Now.instant`. Timers and `performance.now()` go on as they
 * do on a real machine. Works without a library that is loaded into the process, and so without any system's package.
 */
export function installClock(): void {
  const Real = Date
  const now = (): number => Real.now() + offsetMs
  globalThis.Date = new Proxy(Real, {
    construct: (_, parameters, target) =>
      Reflect.construct(Real, parameters.length === 0 ? [now()] : parameters, target),
    apply: () => new Real(now()).toString(),
    get: (real, name, receiver) => (name === 'now' ? now : Reflect.get(real, name, receiver)),
  })
  Temporal.Now.instant = () => Temporal.Instant.fromEpochMilliseconds(now())
}
