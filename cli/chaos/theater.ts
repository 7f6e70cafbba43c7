import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Part } from '../copies.ts'
import type { Ending } from '../ending.ts'
import { loadSettings } from '../settings.ts'
import type { Audited } from './audit.ts'
import { type Buyers, openBuyers } from './buyers.ts'
import { type Clerks, openClerks } from './clerks.ts'
import { type Staff, signIn, stockShop } from './goods.ts'
import { openHttp } from './http.ts'
import { openJournal } from './journal.ts'
import { providerOf } from './provider.ts'
import { openProvingGround, type ProvingGround } from './proving-ground.ts'
import { type Random, seeded } from './random.ts'
import { mountSmallDisk } from './small-disk.ts'

/** A shop that is there to be broken, with everybody who is in it. */
export type Theater = Audited & {
  readonly ground: ProvingGround
  readonly buyers: Buyers
  readonly clerks: Clerks
  readonly staff: Staff
  /** How long a fault of no length of its own lasts. */
  readonly seconds: number
  readonly random: Random
}

/** Opens it on an empty data folder; what its processes say and the journal are kept in `folder`. */
export async function openTheater(options: {
  readonly parts: readonly Part[]
  readonly seed: number
  readonly seconds: number
  readonly rate: number
  readonly folder: string
  /** Puts the data on a disk that can be filled. */
  readonly smallDisk: boolean
  /** Lets events go by NATS, where it is installed. */
  readonly withBroker: boolean
  readonly onProgress: (step: string) => void
  /** Told of each thing that has to be ended: an interrupted start leaves nothing behind. */
  readonly ending: Ending
}): Promise<Theater> {
  const { folder, seed, rate, seconds, ending, onProgress } = options
  await mkdir(folder, { recursive: true })
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-chaos-'))
  ending.add(() => rm(dataFolder, { recursive: true, force: true }))
  if (options.smallDisk) ending.add(await mountSmallDisk(dataFolder))
  const logFolder = join(folder, 'logs')
  const ground = await openProvingGround({
    parts: options.parts,
    withBroker: options.withBroker,
    dataFolder,
    logFolder,
    onProgress,
    ending,
  })
  const http = openHttp()
  ending.add(http.close)
  const journal = openJournal(join(folder, 'journal.jsonl'))
  ending.add(journal.close)
  onProgress('stocking the shop')
  const staff = await signIn(ground, http)
  const goods = await stockShop(staff, await loadSettings(import.meta.dirname))
  const random = seeded(seed)
  const provider = providerOf(ground, http)
  const buyers = openBuyers({ url: ground.url, http, journal, goods, random: random.of('buyers'), rate })
  const clerks = openClerks({ staff, journal, random: random.of('clerks') })
  return { ground, provider, http, journal, goods, staff, buyers, clerks, seconds, random }
}
