import { execFile } from 'node:child_process'
import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')

export async function filesOfTheRepository(...patterns: string[]): Promise<string[]> {
  const parameters = ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns]
  const { stdout } = await promisify(execFile)('git', parameters, { cwd: root, maxBuffer: 10_000_000 })
  return stdout.split('\n').filter(Boolean)
}

/** A copy of the repository to be edited, with the same packages. */
export async function checkout(folder: string): Promise<void> {
  for (const file of await filesOfTheRepository()) {
    await cp(join(root, file), join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
}
