import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { type Copies, type Copy, openCopies, type Part } from '../copies.ts'
import { type Link, openLink } from './link.ts'
import type { Order } from './process.ts'

/** The copies of a part, behind a wire with a switch in it, and each of them can be told to do something to itself. */
export type ProcessGroup = Omit<Copies, 'all' | 'scale'> & {
  /** Where callers reach it: balanced over the copies that are well. */
  readonly link: Link
  readonly copies: () => readonly Copy[]
  start(environment: Readonly<Record<string, string>>): Promise<void>
  tell(copy: Copy, order: Order): void
}

/** The place of a part: its address is known before its copies are started, and each part's processes know all addresses. */
export async function openGroup(part: Part, logFolder: string): Promise<ProcessGroup> {
  let environment: Readonly<Record<string, string>> = {}
  const link = await openLink(() =>
    copies
      .all()
      .filter(({ inRotation }) => inRotation)
      .map(({ port }) => port),
  )
  const log = openSync(join(logFolder, `${part.name}.log`), 'w')
  const copies = openCopies({
    part,
    // The wire asks each time who is in rotation; a process that is told to stop serves whom it has by itself.
    door: { admit: () => undefined, drain: () => undefined, drop: ({ port }) => link.drop(port) },
    launch: ({ port, healthPort }) =>
      spawn(process.execPath, [join(import.meta.dirname, 'process.ts')], {
        env: {
          ...process.env,
          ...environment,
          STOA_SERVICES: part.services.join(),
          STOA_INTERNAL_PORT: String(healthPort),
          [part.portVariable]: String(port),
          // So that a process that is told to use up its memory finds the end of it.
          NODE_OPTIONS: '--max-old-space-size=384 --disable-warning=ExperimentalWarning',
        },
        stdio: ['ignore', log, log, 'ipc'],
        // Ctrl-C reaches the command alone, which ends its processes in order.
        detached: true,
      }),
  })
  return {
    ...copies,
    link,
    copies: copies.all,
    start(given) {
      environment = given
      return copies.scale(part.copies)
    },
    tell: (copy, order) => copy.child.send(order, () => undefined),
    async stop() {
      await copies.stop()
      await link.close()
    },
  }
}
