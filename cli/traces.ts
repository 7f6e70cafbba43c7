import type { Logger } from 'pino'
import { recordWith, wantsTraces } from '#kernel/tracing'
import type { Environment } from './environment.ts'
import { version } from './version.ts'

/**
 * Records traces where OpenTelemetry's variables say where to send them; else nothing of it is loaded.
 * @returns to be called at the end: sends what is left
 */
export async function recordTraces({ variables, services }: Environment, log: Logger): Promise<() => Promise<void>> {
  if (!wantsTraces(variables)) return async () => undefined
  const { openTelemetry } = await import('#kernel/open-telemetry')
  const [only] = services
  const serviceName = services.size === 1 ? `stoa-${only}` : 'stoa'
  const tracer = await openTelemetry({ variables, serviceName, version, log })
  recordWith(tracer)
  return async () => {
    recordWith(null)
    await tracer.close()
  }
}
