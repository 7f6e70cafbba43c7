import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

// Brings the JSON schemas that kubeconform judges the chart by: `node deploy/helm/schemas.ts`. Those of Kubernetes come in a Python
// package, those of its extensions in the Go modules that define them. Wants pip and Go.

/** Where they are kept. */
export const schemaFolder = join(import.meta.dirname, '../../node_modules/.cache/kubernetes-schemas')

const kubernetesVersion = '1.37.0'
const extensions = [
  {
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    files: ['config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  },
  { module: 'github.com/kedacore/keda/v2@v2.21.0', files: ['config/crd/bases/keda.sh_scaledobjects.yaml'] },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    files: ['example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml'],
  },
]

/** Says of which versions a folder of schemas is. */
const stamp = JSON.stringify([kubernetesVersion, extensions])
const stampFile = join(schemaFolder, 'versions.json')

/** Whether the schemas of these versions are there. */
export const hasSchemas = async (): Promise<boolean> => (await readFile(stampFile, 'utf8').catch(() => '')) === stamp

const run = promisify(execFile)

async function bringSchemas(): Promise<void> {
  const draft = `${schemaFolder}-${process.pid}`
  await mkdir(draft, { recursive: true })
  try {
    await bringKubernetes(draft)
    for (const { module, files } of extensions) {
      const { stdout } = await run('go', ['mod', 'download', '-json', module], {
        env: { ...process.env, GO111MODULE: 'on' },
      })
      const { Dir: folder } = JSON.parse(stdout) as { Dir: string }
      for (const file of files) await writeExtension(draft, await readFile(join(folder, file), 'utf8'))
    }
    await writeFile(join(draft, 'versions.json'), stamp)
    await rm(schemaFolder, { recursive: true, force: true })
    await rename(draft, schemaFolder)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Schemas in which no object may have a field that is not named. */
async function bringKubernetes(folder: string): Promise<void> {
  const wheel = `kubernetes_validate-${kubernetesVersion}-py3-none-any.whl`
  const wanted = `kubernetes-validate==${kubernetesVersion}`
  await run('python3', [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--dest',
    folder,
    wanted,
  ])
  await run('python3', ['-m', 'zipfile', '--extract', join(folder, wheel), join(folder, 'wheel')])
  const from = join(folder, 'wheel/kubernetes_validate/kubernetes-json-schema', `v${kubernetesVersion}-local-strict`)
  const { $defs: definitions } = JSON.parse(await readFile(join(from, '_definitions.json'), 'utf8')) as Definitions
  await mkdir(join(folder, 'kubernetes'))
  for (const name of await readdir(from)) {
    const schema = JSON.parse(await readFile(join(from, name), 'utf8')) as Schema
    // Parts of objects are among the definitions.
    if (schema.properties?.kind) await writeFile(join(folder, 'kubernetes', name), withDefinitions(schema, definitions))
  }
  await rm(join(folder, 'wheel'), { recursive: true })
  await rm(join(folder, wheel))
}

type Definitions = { readonly $defs: Readonly<Record<string, unknown>> }

/** A schema that needs no other file: kubeconform does not follow a reference into one. */
function withDefinitions(schema: Schema, all: Definitions['$defs']): string {
  const needed = new Map<string, unknown>()
  const collect = (node: unknown): void => {
    for (const [, name = ''] of JSON.stringify(node).matchAll(/#\/\$defs\/([^"]+)"/g)) {
      if (needed.has(name)) continue
      needed.set(name, all[name])
      collect(all[name])
    }
  }
  collect(schema)
  const { $id: _, ...alone } = schema
  const text = JSON.stringify({ ...alone, $defs: Object.fromEntries(needed) })
  return text.replaceAll(/"[^"]*_definitions\.json#\//g, '"#/')
}

type Schema = { [key: string]: unknown; properties?: Record<string, Schema> }
type Extension = {
  readonly spec: {
    readonly group: string
    readonly names: { readonly kind: string }
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[]
  }
}

/** A file for each version of a CustomResourceDefinition, named as kubeconform asks for it. */
async function writeExtension(folder: string, text: string): Promise<void> {
  const { spec } = parse(text) as Extension
  await mkdir(join(folder, 'extensions'), { recursive: true })
  for (const { name, schema } of spec.versions) {
    const file = `${spec.names.kind.toLowerCase()}-${spec.group.split('.')[0]}-${name}.json`
    const { metadata, ...properties } = schema.openAPIV3Schema.properties ?? {}
    const closed = { ...closeObjects({ ...schema.openAPIV3Schema, properties }) }
    // What metadata may hold is Kubernetes' own matter.
    closed.properties = { ...closed.properties, metadata: metadata ?? {} }
    await writeFile(join(folder, 'extensions', file), JSON.stringify(closed))
  }
}

/** The server drops fields that it does not know without a word, so an object with named fields may have no others here. */
function closeObjects(schema: Schema): Schema {
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'properties' ? mapValues(value) : closeValue(value)]),
  ) as Schema
  const isOpen = 'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true
  return schema.properties && !isOpen ? { ...inner, additionalProperties: false } : inner
}

const mapValues = (schemas: unknown): unknown =>
  Object.fromEntries(Object.entries(schemas as Record<string, Schema>).map(([key, one]) => [key, closeObjects(one)]))

/** Alternatives (`anyOf` and its like) name single fields of an object that is closed already. */
const closeValue = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? closeObjects(value as Schema) : value

if (import.meta.main && !(await hasSchemas())) await bringSchemas()
