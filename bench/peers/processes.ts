import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { stopProcess } from '../../cli/bench/own-shop.ts'
import type { Ending } from '../../cli/ending.ts'

export type Command = {
  readonly program: string
  readonly parameters: readonly string[]
  readonly folder: string
  readonly variables: Readonly<NodeJS.ProcessEnv>
  /** What it says goes there. */
  readonly log: string
  readonly ending: Ending
}

const logCharactersShown = 3_000

export type Started = { readonly pid: number; readonly child: ChildProcess; stop(): Promise<void> }

export async function startProcess(command: Command): Promise<Started> {
  const log = await open(command.log, 'a')
  const child = spawn(command.program, command.parameters, {
    cwd: command.folder,
    env: command.variables,
    stdio: ['ignore', log.fd, log.fd],
  })
  await once(child, 'spawn').finally(() => log.close())
  const stop = (): Promise<void> => stopWithin(child)
  command.ending.add(stop)
  return { pid: child.pid as number, child, stop }
}

/** Longer than any of them needs to finish what it has begun. */
const stopWithinMs = 30_000

async function stopWithin(child: ChildProcess): Promise<void> {
  const killing = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await stopProcess(child).finally(() => clearTimeout(killing))
}

/** Runs a program to its end. Throws with the last that it said unless it ended well. */
export async function runToEnd(command: Command, withinMs: number): Promise<void> {
  const { child, stop } = await startProcess(command)
  const exited = once(child, 'exit') as Promise<[number | null]>
  const limit = setTimeout(() => void stop(), withinMs)
  const [status] = await exited.finally(() => clearTimeout(limit))
  if (status === 0) return
  throw new Error(`${nameOf(command)} ended with status ${status}:\n${await lastOf(command.log)}`)
}

const nameOf = ({ program, parameters }: Command): string => `${basename(program)} ${parameters.join(' ')}`
const lastOf = async (log: string): Promise<string> => (await readFile(log, 'utf8')).slice(-logCharactersShown)

/** Large catalogs on busy machines: schemas are checked before anybody is answered. */
const answersWithinMs = 180_000
const askAgainAfterMs = 5

/** Starts a server and waits for its first good answer. @returns the time of both */
export async function startServer(
  command: Command,
  ask: () => Promise<unknown>,
): Promise<Started & { startedMs: number }> {
  const since = performance.now()
  const started = await startProcess(command)
  const answers = (): Promise<boolean> =>
    ask().then(
      () => true,
      () => false,
    )
  while (!(await answers())) {
    if (started.child.exitCode !== null)
      throw new Error(`${nameOf(command)} ended with status ${started.child.exitCode}:\n${await lastOf(command.log)}`)
    if (performance.now() - since > answersWithinMs)
      throw new Error(`${nameOf(command)} did not answer:\n${await lastOf(command.log)}`)
    await pause(askAgainAfterMs)
  }
  return { ...started, startedMs: performance.now() - since }
}

const installWithinMs = 900_000

export type Packages = Readonly<Record<string, string>>

/**
 * Installs packages of exactly these versions into a folder, unless they are there, and puts the peer's own files beside them.
 * No package runs a script: what they need comes with them.
 */
export async function installPackages(
  folder: string,
  packages: Packages,
  files: Readonly<Record<string, string>>,
  ending: Ending,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, source] of Object.entries(files)) await copyFile(source, join(folder, name))
  const manifest = `${JSON.stringify({ name: 'peer', private: true, dependencies: packages }, null, 2)}\n`
  const [manifestFile, doneFile] = [join(folder, 'package.json'), join(folder, 'installed.json')]
  if (existsSync(doneFile) && (await readFile(doneFile, 'utf8')) === manifest) return
  await writeFile(manifestFile, manifest)
  const command = {
    program: 'npm',
    parameters: ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
    folder,
    // Whoever installs has said there how npm gets out: proxy, certificates, registry.
    variables: process.env,
    log: join(folder, 'install.log'),
    ending,
  }
  await runToEnd(command, installWithinMs)
  await writeFile(doneFile, manifest)
}
