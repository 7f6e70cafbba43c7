import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Holds a shop's data for a run, with its write-ahead log, and can be filled within a second. */
const smallDiskMegabytes = 1_500

/** Why a small disk cannot be had here; null when it can. */
export async function whyNoSmallDisk(): Promise<string | null> {
  if (process.platform !== 'linux') return 'a small disk is a tmpfs, and those are Linux’s'
  return process.getuid?.() === 0 ? null : 'only root may mount the small disk (a tmpfs) that is filled'
}

/** Puts a disk of its own under `folder`. @returns how to take it away again */
export async function mountSmallDisk(folder: string): Promise<() => Promise<void>> {
  const run = promisify(execFile)
  await run('mount', ['-t', 'tmpfs', '-o', `size=${smallDiskMegabytes}m,mode=0755`, 'stoa-chaos', folder])
  return async () => {
    await run('umount', ['--lazy', folder])
  }
}
