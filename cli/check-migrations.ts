import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { faultsOfMigrations } from './migration-rules.ts'
import { complain } from './terminal.ts'

/** What `npm run check` runs over the migrations of the kernel and of every service. */
const root = join(import.meta.dirname, '..')
const files = await Array.fromAsync(glob('{kernel,services/*}/migrations/*.sql', { cwd: root }))
const faults = await faultsOfMigrations(root, files.toSorted())
for (const fault of faults) complain(fault)
process.exitCode = faults.length > 0 ? 1 : 0
