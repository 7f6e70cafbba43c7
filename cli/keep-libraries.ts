import { keepLibraries } from './libraries.ts'

// A program of its own: what it takes for a second, a shop would keep. An installation that is only read does without.
await keepLibraries().catch((error: NodeJS.ErrnoException) => {
  if (!['EACCES', 'ENOENT', 'EROFS', 'EPERM'].includes(error.code ?? '')) throw error
})
