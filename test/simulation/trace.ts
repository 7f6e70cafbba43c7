import { createHash } from 'node:crypto'
import type { Life, Timeline } from './timeline.ts'

type Step = { readonly at: number; readonly who: string; readonly what: string; readonly came: string }

/** What happened in a run, step by step. Ids are told by their kind and number, so that two runs of a seed read the same. */
export type Trace = {
  add(life: Life, what: string, came: string): void
  /** The same with ids by their kind and number: order 1, payment 2. What a question to the seed is about is named so. */
  short(text: string): string
  /** A statement in a few words: service, verb, table, and which order it is about. */
  nameOf(application: string, statement: string, values: readonly unknown[]): string
  /** Short for all steps: the same for two runs that took the same way. */
  fingerprint(): string
  /** The steps for a person to read; statements that only look, and found nothing new, are left out. */
  story(): string[]
}

const id = /\b([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g

/** @param beginning the moment from which times are told */
export function createTrace(timeline: Pick<Timeline, 'now'>): Trace {
  const beginning = timeline.now()
  const steps: Step[] = []
  const numbers = new Map<string, string>()
  const counts = new Map<string, number>()
  const names = new Map<string, string>()

  const short = (text: string): string =>
    text.replaceAll(id, (whole, kind: string) => {
      const known = numbers.get(whole)
      if (known) return known
      const number = (counts.get(kind) ?? 0) + 1
      counts.set(kind, number)
      numbers.set(whole, `${kind} ${number}`)
      return `${kind} ${number}`
    })
  const line = ({ at, who, what, came }: Step): string =>
    `${((at - beginning) / 1_000).toFixed(3).padStart(9)} s  ${who.padEnd(9)} ${what.replace('update skip, ', '')} → ${came}`

  return {
    short,
    add(life, what, came) {
      steps.push({ at: timeline.now(), who: life.name, what: short(what), came: short(came) })
    },
    nameOf(application, statement, values) {
      const key = application + statement
      const known = names.get(key) ?? nameStatement(application, statement)
      names.set(key, known)
      const about = values.flatMap((value) =>
        typeof value === 'string' ? (/^order_\w{26}$/.exec(value) ?? []) : [],
      )[0]
      return about ? `${known} (${short(about)})` : known
    },
    fingerprint: () => createHash('sha256').update(steps.map(line).join('\n')).digest('base64url').slice(0, 16),
    story: () => steps.filter(isTelling).map(line),
  }
}

function nameStatement(application: string, statement: string): string {
  const service = application.replace('stoa-', '')
  const words = statement.replaceAll(/\s+/g, ' ').trim()
  const writes = [...words.matchAll(/\b(insert into|update|delete from) (?!set\b)([a-z_]+)/g)].map(
    ([, verb, table]) => `${verb?.split(' ')[0]} ${table}`,
  )
  const reads = /\bfrom ([a-z_]+)/.exec(words)?.[1]
  const said = writes.length > 0 ? [...new Set(writes)].join(', ') : reads ? `select ${reads}` : words.slice(0, 60)
  return `${service}: ${said}`
}

const isTelling = ({ what, came }: Step): boolean =>
  !(/: (select|begin|start|rollback)/.test(what) && !/waits|[0-9A-Z]{5}/.test(came)) && !(came === '0 rows')
