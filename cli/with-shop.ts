import { createClient } from '#kernel/client'
import { openDataFolder } from '#kernel/data-folder'
import type { Databases } from '#kernel/database-address'
import { hostContract } from '#kernel/health'
import type { ClientOf } from '#kernel/host'
import { httpMesh } from '#kernel/mesh'
import { allServiceNames } from '../services/names.ts'
import { withoutDatabase } from './database-environment.ts'
import type { Environment } from './environment.ts'
import { loadSettings } from './settings.ts'
import { findRunningShop, openShop } from './shop.ts'
import { startProgress } from './terminal.ts'

export type ShopAtHand = {
  readonly client: ClientOf
  readonly settle: () => Promise<void>
  readonly databases: Databases
}

/**
 * Runs `work` against the shop that runs on this data folder, or against the many processes that the environment names with
 * their addresses; where none runs, opens the folder for as long as the work takes.
 */
export async function withShop<R>(
  environment: Environment,
  root: string,
  work: (shop: ShopAtHand) => Promise<R>,
): Promise<R> {
  const running = addressesOf(environment) ?? (await runningOn(environment.dataFolder))
  if (running) {
    const data = await openDataFolder(environment.dataFolder, environment.secretsFolder)
    const mesh = httpMesh({ urlOf: running.urlOf, secret: await data.secret('service-token') })
    try {
      return await work({
        client: (contract) => createClient(contract, 'cli', mesh),
        settle: async () => undefined,
        databases: running.databases,
      })
    } finally {
      await mesh.close()
    }
  }
  const progress = startProgress()
  const shop = await openShop(environment, () => loadSettings(root, environment.configFile), {
    edge: false,
    onProgress: progress.step,
  })
  progress.end()
  try {
    return await work({ client: shop.host.client, settle: shop.host.settle, databases: shop.databases })
  } finally {
    await shop.stop()
  }
}

type Running = { readonly urlOf: (service: string) => string | undefined; readonly databases: Databases }

/** Null unless the environment says where every service answers, and where their databases are. */
function addressesOf({ urls, meshUrl, databases }: Environment): Running | null {
  // The host's own operations answer in every process.
  const anywhere = meshUrl ?? [...urls.values()][0]
  const urlOf = (service: string): string | undefined =>
    urls.get(service) ?? (service === hostContract.name ? anywhere : meshUrl) ?? undefined
  const named = withoutDatabase(databases, allServiceNames).length === 0
  return named && allServiceNames.every(urlOf) ? { urlOf, databases } : null
}

async function runningOn(dataFolder: string): Promise<Running | null> {
  const running = await findRunningShop(dataFolder)
  return running && { urlOf: () => running.internalUrl, databases: running.databases }
}
