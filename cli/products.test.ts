import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overloaded, unavailable } from '#kernel/problem'
import { onceSeated } from './products.ts'

test('who imports comes again to a shop that has too much to do, and not to one that is gone', async () => {
  const answers = [overloaded(0), overloaded(0)]
  const asked: string[] = []
  const ask = async (): Promise<string> => {
    const [answer] = answers.splice(0, 1)
    asked.push(answer ? 'turned away' : 'seated')
    if (answer) throw answer
    return 'report'
  }
  assert.equal(await onceSeated(ask), 'report')
  assert.deepEqual(asked, ['turned away', 'turned away', 'seated'])
  answers.push(unavailable('catalog did not answer'))
  await assert.rejects(onceSeated(ask), /catalog did not answer/)
  assert.equal(asked.length, 4)
})
