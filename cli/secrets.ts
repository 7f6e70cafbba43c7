import { resolve } from 'node:path'
import { makeSecrets } from '#kernel/data-folder'
import { hostSecrets } from '#kernel/host'
import { registry } from '../services/registry.ts'
import { say } from './terminal.ts'

/** Every secret that a process of the shop may ask for. The embedded PostgreSQL's own stays in its data folder. */
export const secretNames: readonly string[] = [
  ...Object.values(hostSecrets),
  ...registry.flatMap(({ secrets = [] }) => secrets),
]

/** `stoa secrets`: makes those that the folder lacks, and leaves the others as they are. */
export async function writeSecrets(folder: string): Promise<number> {
  const path = resolve(folder)
  await makeSecrets(path, secretNames)
  say(`${path} has the shop’s ${secretNames.length} secrets: ${secretNames.toSorted().join(', ')}`)
  return 0
}
