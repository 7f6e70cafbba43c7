import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openEnding } from '../ending.ts'
import { freePorts } from '../free-ports.ts'
import type { Where } from './own-shop.ts'

/** Where a test's own shop may be; gone, with all that was started there, when the test ends. */
export async function testPlace(t: TestContext): Promise<Where> {
  const ending = openEnding((error) => t.diagnostic(error.message))
  t.after(() => ending.end())
  const dataFolder = await mkdtemp(join(tmpdir(), 'stoa-bench-test-'))
  ending.add(() => rm(dataFolder, { recursive: true, force: true }))
  const [port] = (await freePorts(1)) as [number]
  return { dataFolder, port, ending }
}
