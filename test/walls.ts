import { posix } from 'node:path'
import { parseSync } from 'oxc-parser'

/** A file of the repository by its path from the root, and what is in it. */
export type Sources = ReadonlyMap<string, string>

type Import = { readonly from: string; readonly to: string; readonly typesOnly: boolean }
export type Violation = { readonly rule: string; readonly from: string; readonly to: string }

type Rule = {
  readonly name: string
  readonly reason: string
  readonly from: RegExp
  readonly except?: RegExp
  readonly mayNot: (to: string, from: string) => boolean
}

const tests = /\.test\.tsx?$|-suite\.ts$|\/test-[^/]+\.ts$/
const service = (path: string): string | undefined => /^services\/([^/]+)\//.exec(path)?.[1]
const isFrontDoor = (path: string): boolean => /^services\/[^/]+\/(contract|events)\.ts$/.test(path)

/** The walls: who may import what. */
export const rules: readonly Rule[] = [
  {
    name: 'kernel-knows-no-commerce',
    reason: 'Everything stands on the kernel; if it stood on a service, nothing could be hosted apart.',
    from: /^kernel\//,
    except: tests,
    mayNot: (to) => /^(services|providers|apps|cli|demo|test)\/|^stoa\.config\.ts$/.test(to),
  },
  {
    name: 'services-meet-by-contract',
    reason: 'A service that reached into another could not run in a process of its own.',
    from: /^services\/[^/]+\//,
    except: tests,
    mayNot: (to, from) => service(to) !== undefined && service(to) !== service(from) && !isFrontDoor(to),
  },
  {
    name: 'services-stand-alone',
    reason: 'Providers are handed to a service by the composition root; apps and tools stand above.',
    from: /^services\/[^/]+\//,
    except: tests,
    mayNot: (to) =>
      /^(apps|cli|demo|test)\//.test(to) ||
      /^services\/[^/]+\.ts$/.test(to) ||
      (/^providers\//.test(to) && !/\/port\.ts$/.test(to)),
  },
  {
    name: 'apps-and-tools-use-contracts',
    reason: 'What staff and shoppers see is what anybody can build with the API.',
    from: /^(apps|cli)\//,
    except: tests,
    mayNot: (to) => service(to) !== undefined && !isFrontDoor(to),
  },
  {
    name: 'nothing-imports-an-app',
    reason:
      'Apps are leaves: only the public door puts them in place. Their settings’ schema is part of stoa.config.ts.',
    from: /^(kernel|services|providers|demo)\//,
    mayNot: (to) => /^apps\//.test(to) && !/^apps\/[^/]+\/settings\.ts$/.test(to),
  },
  {
    name: 'providers-stand-alone',
    reason: 'An adapter speaks to the outside and keeps its port; it knows no service.',
    from: /^providers\//,
    except: tests,
    mayNot: (to) => /^(services|apps|cli|demo|test)\//.test(to),
  },
  {
    name: 'demo-is-data',
    reason: 'The demo shop is goods and pictures; the seeding command takes them.',
    from: /^demo\//,
    except: tests,
    mayNot: (to) => /^(kernel|services|apps|cli|providers|test)\//.test(to),
  },
  {
    name: 'tests-are-not-shipped',
    reason: 'What a shop runs must not depend on what only tests need.',
    from: /^(kernel|services|providers|apps|cli|demo)\//,
    except: tests,
    mayNot: (to) => /^test\//.test(to) || /\.test\.tsx?$/.test(to),
  },
]

/** Every import that breaks a rule, and every cycle of files that need each other when they load. */
export function findViolations(sources: Sources): Violation[] {
  const imports = [...sources].flatMap(([path, text]) => importsOf(path, text))
  const broken = rules.flatMap((rule) =>
    imports
      .filter(({ from, to }) => rule.from.test(from) && !rule.except?.test(from) && rule.mayNot(to, from))
      .map(({ from, to }) => ({ rule: rule.name, from, to })),
  )
  return [...broken, ...findCycles(imports.filter((one) => !one.typesOnly))]
}

/** What a file imports from this repository, statically or dynamically, by path from the root. */
function importsOf(from: string, text: string): Import[] {
  const { module } = parseSync(from, text)
  const found: { specifier: string; typesOnly: boolean }[] = []
  for (const { moduleRequest, entries } of module.staticImports) {
    found.push({
      specifier: moduleRequest.value,
      typesOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    })
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries)
      if (moduleRequest) found.push({ specifier: moduleRequest.value, typesOnly: isType })
  }
  for (const { moduleRequest } of module.dynamicImports) {
    // A dynamic import loads later, so it cannot be part of a cycle at load; walls hold for it all the same.
    const specifier = /^['"](.*)['"]$/.exec(text.slice(moduleRequest.start, moduleRequest.end))?.[1]
    if (specifier) found.push({ specifier, typesOnly: true })
  }
  return found.flatMap(({ specifier, typesOnly }) => {
    const to = resolve(from, specifier)
    return to ? [{ from, to, typesOnly }] : []
  })
}

function resolve(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier))
  const [, kind, name] = /^#(kernel|contracts|events)\/(.+)$/.exec(specifier) ?? []
  if (kind === 'kernel') return `kernel/${name}.ts`
  if (kind === 'contracts') return `services/${name}/contract.ts`
  if (kind === 'events') return `services/${name}/events.ts`
  return null
}

function findCycles(imports: readonly Import[]): Violation[] {
  const next = Map.groupBy(imports, ({ from }) => from)
  const state = new Map<string, 'open' | 'done'>()
  const cycles: Violation[] = []
  const visit = (path: string): void => {
    state.set(path, 'open')
    for (const { to } of next.get(path) ?? []) {
      if (state.get(to) === 'open') cycles.push({ rule: 'no-cycles', from: path, to })
      else if (!state.has(to)) visit(to)
    }
    state.set(path, 'done')
  }
  for (const path of next.keys()) if (!state.has(path)) visit(path)
  return cycles
}
