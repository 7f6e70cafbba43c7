import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The process id of the PostgreSQL that runs on a data folder now; it is another one after each restart. */
export async function postmasterOf(dataFolder: string): Promise<number> {
  const { pid } = JSON.parse(await readFile(join(dataFolder, 'postgres.json'), 'utf8')) as { pid: number }
  return pid
}

/** Ends or pauses a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The processes that `parent` started and that live. */
export async function childrenOf(parent: number): Promise<number[]> {
  const pairs = process.platform === 'linux' ? await fromProc() : await fromPs()
  return pairs.flatMap(([pid, ppid]) => (ppid === parent ? [pid] : []))
}

async function fromProc(): Promise<[number, number][]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(names.map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => null)))
  return stats.flatMap((stat, index): [number, number][] =>
    stat === null ? [] : [[Number(names[index]), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]],
  )
}

async function fromPs(): Promise<[number, number][]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
}
