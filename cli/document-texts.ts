import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Contract } from '#kernel/contract'
import type { EventDeclaration } from '#kernel/event'
import type { PersonalTag } from '#kernel/personal'

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
