import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Operation } from '#kernel/contract'
import { wordsOfPattern } from '#kernel/validation-words'
import { registry } from '../services/registry.ts'
import { ShopSettings } from '../services/settings.ts'

test('every pattern that somebody can miss says in words what it asks for', () => {
  const silent = new Set<string>()
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { pattern } = node as { pattern?: unknown }
    if (typeof pattern === 'string' && wordsOfPattern(pattern) === null) silent.add(pattern)
    for (const value of Object.values(node)) look(value)
  }
  for (const { contract } of registry)
    for (const operation of Object.values(contract.operations as Record<string, Operation>))
      if (operation.route) look(operation.input)
  look(ShopSettings)
  assert.deepEqual([...silent], [])
})
