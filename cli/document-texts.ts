import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Contract } from '#kernel/contract'
import type { EventDeclaration } from '#kernel/event'
import { hostSecrets } from '#kernel/host'
import type { PersonalTag } from '#kernel/personal'
import type { AnyService } from '#kernel/service'

/** `docs/events.md`: what each service tells, and who listens. */
export async function eventsDocument(root: string, contracts: readonly Contract[]): Promise<string> {
  const lines = [
    '# Events',
    '',
    'Written by `npx stoa openapi` from the services’ `events.ts` and contracts; do not edit.',
    '',
    '| event | version | published by | data | handled by |',
    '|---|---|---|---|---|',
  ]
  for (const { name } of contracts) {
    for (const event of await declaredEvents(root, name)) {
      const listeners = contracts
        .filter((one) => one.subscribes.some(({ type }) => type === event.type))
        .map((one) => one.name)
      const fields = Object.keys(event.data.properties).map((field) => `\`${field}\``)
      lines.push(
        `| \`${event.type}\` | ${event.version} | ${name} | ${fields.join(', ')} | ${listeners.join(', ') || 'nobody yet'} |`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

async function declaredEvents(root: string, service: string): Promise<EventDeclaration[]> {
  const folder = join(root, 'services', service)
  if (!(await readdir(folder)).includes('events.ts')) return []
  const module = (await import(pathToFileURL(join(folder, 'events.ts')).href)) as Record<string, EventDeclaration>
  return Object.values(module).sort((a, b) => a.type.localeCompare(b.type, 'en'))
}

/** `docs/data-map.md`: every personal field that the API takes or gives, and why it is held. */
export function dataMapDocument(contracts: readonly Contract[]): string {
  const lines = [
    '# Personal data',
    '',
    'Written by `npx stoa openapi` from the tags in the contracts’ schemas; do not edit. The columns that keep these fields',
    'carry the same facts as comments in the database.',
    '',
    '| service | field | kind | purpose | basis | retention |',
    '|---|---|---|---|---|---|',
  ]
  for (const { name, operations } of contracts) {
    const fields = new Map<string, PersonalTag>()
    collectTags(operations, fields)
    for (const [field, tag] of [...fields].sort(([a], [b]) => a.localeCompare(b, 'en'))) {
      lines.push(`| ${name} | \`${field}\` | ${tag.kind} | ${tag.purpose} | ${tag.basis} | ${tag.retention} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

function collectTags(node: unknown, found: Map<string, PersonalTag>): void {
  if (typeof node !== 'object' || node === null) return
  const { properties } = node as { properties?: Record<string, unknown> }
  for (const [field, schema] of Object.entries(properties ?? {})) {
    const tag = (schema as { personal?: PersonalTag } | null)?.personal
    if (tag) found.set(field, tag)
  }
  for (const inner of Object.values(node)) collectTags(inner, found)
}

const inherited = (connections: number | null): string[] =>
  connections === null ? [hostSecrets.token] : Object.values(hostSecrets)

/**
 * What a cluster has to know of each part that `--services` names, for the chart: whom it calls, to whom its events go, which
 * secrets it asks for, and how many connections a copy of it opens at most.
 */
export async function topologyDocument(root: string, services: readonly AnyService[]): Promise<string> {
  const contracts: Contract[] = services.map(({ contract }) => contract)
  const everybody = contracts.map(({ name }) => name).sort()
  const parts = await Promise.all(
    services.map(async ({ contract, calls = [], secrets = [], connections }) => {
      const told = new Set((await declaredEvents(root, contract.name)).map(({ type }) => type))
      const tells = contracts.filter(({ subscribes }) => subscribes.some(({ type }) => told.has(type)))
      const part = {
        calls: calls.map(({ name }) => name as string).sort(),
        tells: tells.map(({ name }) => name).sort(),
        secrets: [...inherited(connections), ...secrets].sort(),
        connections: connections ?? 0,
      }
      return [contract.name as string, part] as const
    }),
  )
  // The public door has every service's routes, and asks each process how it is.
  const edge = { calls: everybody, tells: [], secrets: inherited(null), connections: 0 }
  const sorted = [...parts, ['edge', edge] as const].sort(([a], [b]) => a.localeCompare(b, 'en'))
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`
}
