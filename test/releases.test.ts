import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { noHaproxy, openTestCluster, type TestCluster } from '../cli/cluster/test-cluster.ts'
import { openEnding } from '../cli/ending.ts'
import { faultsOfMigrations } from '../cli/migration-rules.ts'
import { checkout } from './checkout.ts'

const root = join(import.meta.dirname, '..')

describe('releases follow each other while people browse and buy', { skip: noHaproxy }, () => {
  const ending = openEnding((error) => assert.fail(error))
  let cluster: TestCluster
  before(async () => {
    cluster = await openTestCluster(ending)
  })
  after(() => ending.end())

  test('a column is renamed in four releases, each beside the one before, and nobody notices', async () => {
    const versionsOf = async () => {
      const copies = await cluster.status()
      assert.deepEqual(
        copies.filter(({ state }) => state === 'leaving').map(({ name }) => name),
        [],
        'who was replaced is gone',
      )
      return Object.fromEntries(copies.map(({ name, version }) => [name.split('.')[0], version]))
    }
    const columns = async (): Promise<string[]> =>
      (
        await cluster.database.query<{ name: string }>(
          `select column_name as name from information_schema.columns
           where table_schema = 'notifications' and table_name = 'mails' and column_name in ('subject', 'headline') order by 1`,
        )
      ).rows.map(({ name }) => name)
    const release = await openRelease(join(cluster.folder, 'next'))

    await release.write('1.0.1', expand)
    assert.deepEqual(await cluster.failuresDuring(() => cluster.stoa('cluster', 'deploy', release.folder)), [])
    const { sandbox, ...replaced } = await versionsOf()
    assert.deepEqual(replaced, {
      edge: '1.0.1',
      orders: '1.0.1',
      payments: '1.0.1',
      catalog: '1.0.1',
      notifications: '1.0.1',
    })
    assert.notEqual(sandbox, '1.0.1', 'the provider is somebody else')

    await release.write('1.0.2', change)
    assert.deepEqual(
      await cluster.failuresDuring(() => cluster.stoa('cluster', 'deploy', release.folder, 'notifications')),
      [],
    )
    await release.write('1.0.3', leave)
    assert.deepEqual(
      await cluster.failuresDuring(() => cluster.stoa('cluster', 'deploy', release.folder, 'notifications')),
      [],
    )
    assert.deepEqual(await columns(), ['headline', 'subject'])
    await release.write('1.0.4', contract)
    assert.deepEqual(
      await cluster.failuresDuring(() => cluster.stoa('cluster', 'deploy', release.folder, 'notifications')),
      [],
    )
    assert.deepEqual(await columns(), ['headline'])
    const own = (await readdir(join(release.folder, 'services/notifications/migrations'))).filter((name) =>
      /^9/.test(name),
    )
    assert.equal(own.length, 4)
    const files = own.map((name) => `services/notifications/migrations/${name}`)
    assert.deepEqual(await faultsOfMigrations(release.folder, files), [], 'the check of migrations lets them through')
    assert.equal((await versionsOf()).notifications, '1.0.4')
  })

  test('a release that does not start is put back, and nobody notices', async () => {
    const before = await cluster.pidsOf('notifications')
    const release = await openRelease(join(cluster.folder, 'broken'))
    await release.write('1.0.5', {
      'services/notifications/service.ts': [
        ['start: async (host) => {', "start: async (host) => {\n    throw new Error('broken')"],
      ],
    })
    let complaint = ''
    const deploying = () =>
      cluster.stoa('cluster', 'deploy', release.folder, 'notifications').catch((error: { stderr: string }) => {
        complaint = error.stderr
      })
    assert.deepEqual(await cluster.failuresDuring(deploying), [])
    assert.equal(complaint, 'stoa: Version 1.0.5 was not deployed: every copy is what it was before.\n')
    assert.deepEqual(await cluster.pidsOf('notifications'), before)
  })

  test('and all that anybody was told is so, whichever release told it', async () => {
    const { wrong, orders } = await cluster.judge()
    assert.deepEqual(wrong, [])
    assert.ok(orders > 0)
    const { rows } = await cluster.database.query<{ orders: number; mails: number }>(
      `select (select count(*)::int from orders.orders where state in ('placed', 'fulfilled')) as orders,
         (select count(*)::int from notifications.mails where template = 'order-confirmation' and headline is not null) as mails`,
    )
    assert.equal(rows[0]?.mails, rows[0]?.orders, 'every order has its mail, whichever release wrote it')
  })
})

// ---- The releases ------------------------------------------------------------------------------------------------------

/** By file: what stands there, and what stands there instead. A file that is new has no text before. */
type Changes = Readonly<Record<string, string | readonly (readonly [before: string, after: string])[]>>

/** A checkout beside this one, in which releases are written. */
async function openRelease(
  folder: string,
): Promise<{ folder: string; write(version: string, changes: Changes): Promise<void> }> {
  await checkout(folder)
  // The admin is made at an edge's first start; this one is made already.
  const bundle = join('apps', 'admin', 'dist')
  if (existsSync(join(root, bundle)))
    await cp(join(root, bundle), join(folder, bundle), { recursive: true, preserveTimestamps: true })
  return {
    folder,
    async write(version, changes) {
      const manifest = join(folder, 'package.json')
      const parsed = JSON.parse(await readFile(manifest, 'utf8')) as object
      await writeFile(manifest, JSON.stringify({ ...parsed, version }))
      for (const [file, change] of Object.entries(changes)) {
        const path = join(folder, file)
        if (typeof change === 'string') {
          await writeFile(path, change)
          continue
        }
        let text = await readFile(path, 'utf8')
        for (const [old, now] of change) {
          assert.ok(text.includes(old), `${file} has ${old}`)
          text = text.replace(old, now)
        }
        await writeFile(path, text)
      }
    },
  }
}

const store = 'services/notifications/store.ts'
const migration = (name: string): string => `services/notifications/migrations/${name}.sql`

/** The new column is there and written, and the old one is read. */
const expand: Changes = {
  [migration('9001-headline')]: 'alter table mails add column headline text;\n',
  [store]: [
    ['mail_key, template, recipient, subject, html', 'mail_key, template, recipient, subject, headline, html'],
    [
      'select id, key, template, recipient, subject, html',
      'select id, key, template, recipient, subject, subject, html',
    ],
  ],
}
/** What the release before the last wrote is filled in; the new one is read; both are written, as the last release reads the old one. */
const change: Changes = {
  [migration('9002-headline-filled')]: 'update mails set headline = subject where headline is null;\n',
  [store]: [
    [
      'template, recipient, subject, state, attempts, error',
      'template, recipient, headline as subject, state, attempts, error',
    ],
    ['m.recipient, m.subject, m.state', 'm.recipient, m.headline as subject, m.state'],
  ],
}
/** The old one is no longer written, and may be empty for that. */
const leave: Changes = {
  [migration('9003-subject-unused')]:
    '-- contract: no release reads it since 1.0.2\nalter table mails alter column subject drop not null;\n',
  [store]: [
    ['recipient, subject, headline, html', 'recipient, headline, html'],
    ['recipient, subject, subject, html', 'recipient, subject, html'],
  ],
}
/** No copy knows it any more. */
const contract: Changes = {
  [migration('9004-subject-gone')]:
    '-- contract: no release writes or reads it since 1.0.3\nalter table mails drop column subject;\n',
}
