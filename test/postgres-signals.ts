import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Why a PostgreSQL cannot be stopped in the middle of everything here, or false. */
export const noSignals: string | false = process.platform === 'linux' ? false : 'looks for the processes in /proc'

/** Signals a server and all its processes: with SIGSTOP they sleep, and its connections stay open. */
export async function signalPostgres(postmaster: number, name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const line = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    const parent = line.slice(line.lastIndexOf(')') + 2).split(' ')[1]
    if (Number(entry) !== postmaster && parent !== String(postmaster)) continue
    await signalAsOwner(Number(entry), name)
  }
}

/** As the user that the process belongs to: root in a container may not signal everybody. */
async function signalAsOwner(pid: number, name: string): Promise<void> {
  const owner = await stat(`/proc/${pid}`).catch(() => null)
  if (!owner) return
  await promisify(execFile)('kill', ['-s', name.slice(3), String(pid)], { uid: owner.uid, gid: owner.gid })
}
