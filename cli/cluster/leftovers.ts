import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** The processes that were started, on disk, so that they can be ended after their cluster was killed. */
export type ProcessList = {
  add(pid: number): void
  remove(pid: number): void
}

type Listed = { readonly pid: number; readonly since: string }

/** Copies whose database has gone wait for it when they are told to stop; nobody is served by them any more. */
const leaveWithinMs = 5_000

/** Ends what an earlier cluster left behind. @returns how many there were */
export async function endLeftovers(file: string): Promise<number> {
  // A process id may be another program's by now; when it began tells.
  const own = readList(file).filter(({ pid, since }) => beginningOf(pid) === since)
  for (const { pid } of own) send(pid, 'SIGTERM')
  const isThere = ({ pid, since }: Listed): boolean => beginningOf(pid) === since
  for (const until = performance.now() + leaveWithinMs; own.some(isThere) && performance.now() < until; )
    await pause(50)
  for (const { pid } of own.filter(isThere)) send(pid, 'SIGKILL')
  rmSync(file, { force: true })
  return own.length
}

export function openProcessList(file: string): ProcessList {
  const listed = new Map<number, Listed>()
  const write = (): void => {
    try {
      writeFileSync(`${file}.new`, JSON.stringify([...listed.values()]), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    } catch {
      // A full disk may cost us the list, which only matters after a kill, but not the shop.
    }
  }
  return {
    add(pid) {
      const since = beginningOf(pid)
      if (since === null) return
      listed.set(pid, { pid, since })
      write()
    },
    remove(pid) {
      if (listed.delete(pid)) write()
    },
  }
}

function readList(file: string): Listed[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Listed[]
  } catch {
    return []
  }
}

/** When a process began, as the system words it; null when there is none, or only what is left to be waited for. */
function beginningOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name is in parentheses and may contain anything; `starttime` is field 22, `state` field 3 (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended just now.
  }
}
