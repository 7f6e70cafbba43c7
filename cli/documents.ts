import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Contract } from '#kernel/contract'
import { registry } from '../services/registry.ts'
import { dataMapDocument, eventsDocument, topologyDocument } from './document-texts.ts'
import { openApi } from './edge-apps.ts'
import { complain, say } from './terminal.ts'

/** `stoa openapi`: writes the committed documents that follow from the contracts; with `check` says which differ. */
export async function writeDocuments(root: string, check: boolean): Promise<number> {
  const contracts: Contract[] = registry.map(({ contract }) => contract)
  const documents: Record<string, string> = {
    'docs/openapi.json': `${JSON.stringify(openApi(contracts), null, 2)}\n`,
    'docs/events.md': await eventsDocument(root, contracts),
    'docs/data-map.md': dataMapDocument(contracts),
    'deploy/helm/stoa/files/topology.json': await topologyDocument(root, registry),
  }
  let status = 0
  for (const [name, text] of Object.entries(documents)) {
    const file = join(root, name)
    const committed = await readFile(file, 'utf8').catch(() => '')
    if (committed === text) continue
    if (check) {
      complain(`${name} is not what the contracts say: run "npx stoa openapi" and commit it`)
      status = 1
      continue
    }
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    say(`wrote ${name}`)
  }
  return status
}
