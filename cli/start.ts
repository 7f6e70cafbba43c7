import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { Host } from '#kernel/host'
import { allServiceNames } from '../services/names.ts'
import type { Environment } from './environment.ts'
import { loadKeptLibraries } from './libraries.ts'
import { openShop, type Shop } from './shop.ts'
import { say, startProgress } from './terminal.ts'

/** Every shop stops within this; orchestrators kill what takes longer. */
export const stopWithinMs = 25_000
/** A person needs longer than this to press Ctrl-C again. */
const sameSignalMs = 1_000

/**
 * By how much the heap may grow beyond what was alive at the last collection, in percent. By itself V8 lets it become four times
 * as large where the machine has room, which a shop shares with its database. Measured with 5,000 lists and pages that nobody had asked
 * for: 317 MB resident where it was 441, for the same processor time.
 */
const heapGrowsPercent = 60

/** `stoa start`: hosts the shop, or the named services of it, until it is told to stop. */
export async function start(environment: Environment, folder: string): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowsPercent}`)
  const librariesKept = loadKeptLibraries()
  const progress = startProgress()
  const stopping = stopOnSignal()
  try {
    const made = { password: null as string | null }
    const shop = await openShop(environment, () => readSettings(environment, folder), {
      edge: true,
      // Whoever waits until it is ready may sign in.
      beforeReady: async (client) => {
        made.password = await ensureOwner(environment, client)
      },
      onProgress: progress.step,
    })
    stopping.shop = shop
    await seedDemo(environment, shop.host, progress.step)
    progress.end()
    if (isForPeople(environment)) announce(environment, shop, made.password)
    else say(`${[...environment.services].join(', ')} on http://${environment.internal.host}:${shop.host.internalPort}`)
    if (!librariesKept) keepLibrariesMeanwhile()
    if (stopping.asked) await stopping.stop()
    return 0
  } catch (error) {
    progress.end()
    throw error
  }
}

const readSettings = async ({ configFile }: Environment, folder: string) =>
  (await import('./settings.ts')).loadSettings(folder, configFile)

/** For the next start, while this one sells. */
function keepLibrariesMeanwhile(): void {
  const program = join(import.meta.dirname, 'keep-libraries.ts')
  const child = spawn(process.execPath, [program], { stdio: 'ignore', windowsHide: true })
  // It is tried again by the next start, which is only slower without.
  child.on('error', () => undefined)
  child.unref()
}

/** Whether a person waits for this process, and not an orchestrator for one of many. */
const isForPeople = ({ services }: Environment): boolean => services.has('edge') && services.has('identity')

/** Services by their contracts, wherever they run, and a wait until their events have arrived. */
type Reachable = Pick<Host, 'client' | 'settle'>

/**
 * Makes the first owner, where this process hosts identity.
 * @returns the one-time password, if one was made
 */
export async function ensureOwner(environment: Environment, client: Host['client']): Promise<string | null> {
  const { email, password } = environment.admin
  if (!environment.services.has('identity')) return null
  // A password that is made here has to be shown to somebody.
  if (password === null && !isForPeople(environment)) return null
  const generated = password ?? randomBytes(15).toString('base64url')
  const { identity } = await import('#contracts/identity')
  const owner = await client(identity).ensureOwner({
    email: email ?? 'owner@stoa.example',
    password: generated,
    enforce: password !== null,
  })
  if (!owner.ok) throw new Error('start: the first staff account could not be made')
  return owner.value.created && password === null ? generated : null
}

/** Fills the demo shop, where it is wanted and this process is the whole shop, door and all: of many, one would do what another does. */
export async function seedDemo(
  environment: Environment,
  shop: Reachable,
  onProgress: (step: string) => void,
): Promise<void> {
  if (!environment.demo || !isForPeople(environment)) return
  if (!allServiceNames.every((name) => environment.services.has(name))) return
  await seedOnce(shop, environment.dataFolder, onProgress)
}

/** Seeds an empty shop. A mark in the data folder says that it is under way, so that a killed start goes on with it. */
async function seedOnce(shop: Reachable, dataFolder: string, onProgress: (step: string) => void): Promise<void> {
  const mark = join(dataFolder, 'demo-seeding')
  const products = await shop.client((await import('#contracts/catalog')).catalog).scan({ limit: 1 })
  if (!products.ok || (products.value.items.length > 0 && !existsSync(mark))) return
  await writeFile(mark, '')
  // The goods and the code that draws them are loaded only when they are wanted.
  const { seedDemoShop } = await import('./seed.ts')
  await seedDemoShop(shop.client, onProgress)
  onProgress('indexing the goods')
  await shop.settle()
  await rm(mark)
}

/** Where everything is, for the person who started it. */
export function announce(
  environment: Environment,
  shop: Pick<Shop, 'publicUrl' | 'sandboxUrl'>,
  password: string | null,
): void {
  const email = environment.admin.email ?? 'owner@stoa.example'
  const rows = [
    ['shop', shop.publicUrl],
    ['admin', `${shop.publicUrl}/admin`],
    ['API documentation', `${shop.publicUrl}/api/docs`],
    ...(shop.sandboxUrl ? [['sandbox payments', shop.sandboxUrl]] : []),
  ]
  say('')
  for (const [name, address] of rows) say(`  ${(name ?? '').padEnd(18)} ${address}`)
  say('')
  if (password) say(`  staff: ${email}, password ${password}  (shown once; change it in the admin)\n`)
  else say(`  staff: ${email}\n`)
  say('Press Ctrl-C to stop.')
}

function stopOnSignal() {
  const state = {
    shop: null as Shop | null,
    asked: false,
    async stop(): Promise<void> {
      await state.shop?.stop()
      process.exit(0)
    },
  }
  let askedAt = 0
  const onSignal = (): void => {
    // A second signal while stopping means now; at once it is the same one, sent to the whole process group.
    if (state.asked && Date.now() - askedAt > sameSignalMs) process.exit(130)
    if (state.asked) return
    state.asked = true
    askedAt = Date.now()
    // Also of a start that does not come to its end.
    setTimeout(() => process.exit(1), stopWithinMs).unref()
    if (state.shop) void state.stop()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return state
}
