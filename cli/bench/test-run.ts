import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a program of the bench with parameters, whose temporary folder is `folder`, where somebody's own shop has its database elsewhere.
 * @returns how it ended, and all that it said
 */
export async function runIn(
  folder: string,
  program: string,
  ...parameters: readonly string[]
): Promise<{ status: number | null; said: string }> {
  const child = spawn(process.execPath, [program, ...parameters], {
    env: { ...process.env, TMPDIR: folder, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/somebodys-shop' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk
    })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, said }
}
