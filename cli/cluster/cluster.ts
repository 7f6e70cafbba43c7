import { join } from 'node:path'
import { openEnding } from '../ending.ts'
import { ConfigurationError, type Environment } from '../environment.ts'
import { loadSettings } from '../settings.ts'
import { announce } from '../start.ts'
import { complain, say, startProgress } from '../terminal.ts'
import { readScaling, startAutoscaler } from './autoscaler.ts'
import { type ControlRequest, openControl, tellCluster } from './control.ts'
import { type CopyHealth, tableOfHealth } from './health.ts'
import { planOf, readCopies } from './plan.ts'
import { type Cluster, openCluster } from './running.ts'

export type ClusterOptions = {
  readonly copies?: string
  readonly groups?: string
  readonly autoscale?: string
  readonly cores?: string
  readonly json?: boolean
}

/** A person needs longer than this to press Ctrl-C again. */
const sameSignalMs = 1_000

/** `stoa cluster`: a whole split shop on this machine, and what it can be told from another terminal. */
export async function cluster(
  environment: Environment,
  root: string,
  [action = 'start', ...names]: readonly string[],
  options: ClusterOptions,
): Promise<number> {
  if (action === 'start' && names.length === 0) return start(environment, root, options)
  const answer = await tellCluster(join(environment.dataFolder, 'cluster'), requestOf(action, names), say)
  if (action !== 'status') say('done')
  else if (options.json) say(JSON.stringify(answer, null, 2))
  else for (const line of tableOfHealth(answer as CopyHealth[])) say(line)
  return 0
}

/** @throws ConfigurationError with how it is used */
function requestOf(action: string, names: readonly string[]): ControlRequest {
  const [folder, ...services] = names
  if (action === 'status' && names.length === 0) return { do: 'status' }
  if (action === 'stop' && names.length === 0) return { do: 'stop' }
  if (action === 'restart') return { do: 'restart', services: names }
  if (action === 'deploy' && folder !== undefined) return { do: 'deploy', folder, services }
  if (action === 'scale' && names.length > 0 && names.every((one) => one.includes('='))) {
    const faults: string[] = []
    const copies = readCopies(names.join(), 'scale', faults)
    if (faults.length > 0) throw new ConfigurationError(faults)
    return { do: 'scale', copies: Object.fromEntries(copies) }
  }
  throw new ConfigurationError([`usage: stoa cluster [${usage}]`])
}

const usage = 'start | status | scale SERVICE=N … | restart [SERVICE …] | deploy FOLDER [SERVICE …] | stop'

async function start(environment: Environment, root: string, options: ClusterOptions): Promise<number> {
  if (environment.urls.size > 0 || environment.meshUrl) {
    throw new ConfigurationError([
      'stoa cluster runs every service by itself: unset STOA_MESH_URL and the STOA_…_URL of services',
    ])
  }
  const settings = await loadSettings(root, environment.configFile)
  const scaling = options.autoscale === undefined ? null : readScaling(options.autoscale, options.cores)
  const parts = planOf({
    groups: options.groups,
    copies: options.copies,
    sandbox: settings.payments.providers.includes('sandbox') && !environment.sandbox.url,
  })
  const ending = openEnding((error) => complain(error.message))
  const stopped = Promise.withResolvers<void>()
  let running: Cluster | null = null
  onSignal(
    // A start that is interrupted has nobody to come back to.
    () => void ending.end().then(() => (running ? stopped.resolve() : process.exit(130))),
    () => running?.kill(),
  )
  const width = Math.max(...parts.map(({ name }) => name.length)) + 2
  const line = (who: string, text: string): void => say(`${who.padEnd(width)} │ ${text}`)
  const progress = startProgress()
  try {
    running = await openCluster({ environment, root, parts, onProgress: progress.step, line, ending })
  } catch (error) {
    await ending.end()
    throw error
  } finally {
    progress.end()
  }
  const { events, isBusy, obey, observer, password, publicUrl, sandboxUrl } = running
  if (scaling) {
    const own = running.parts.filter(({ part }) => !part.services.includes('sandbox'))
    ending.add(startAutoscaler({ scaling, parts: own, observer, isBusy, say: (text) => line('autoscale', text) }))
  }
  const control = await openControl(join(environment.dataFolder, 'cluster'), async (request, reply) => {
    if (request.do !== 'stop') return obey(request, reply)
    await ending.end()
    stopped.resolve()
  })
  announce(environment, { publicUrl, sandboxUrl }, password)
  say(
    `Events go over ${events}. In other terminals: npx stoa cluster status, scale orders=3, restart, deploy FOLDER, stop.`,
  )
  await stopped.promise
  await control.close()
  return 0
}

/** The first signal stops all in order; a second one, after a moment, at once. */
function onSignal(stop: () => void, kill: () => void): void {
  let askedAt: number | null = null
  const hear = (): void => {
    if (askedAt === null) {
      askedAt = Date.now()
      stop()
    } else if (Date.now() - askedAt > sameSignalMs) {
      kill()
      process.exit(130)
    }
  }
  process.on('SIGINT', hear)
  process.on('SIGTERM', hear)
}
