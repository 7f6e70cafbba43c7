import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { faultsOfMigrations } from './migration-rules.ts'

const root = await mkdtemp(join(tmpdir(), 'stoa-migrations-'))
after(() => rm(root, { recursive: true }))
const folder = 'services/notes/migrations'
await mkdir(join(root, folder), { recursive: true })

/** The rules that a migration breaks, in the order of its lines. */
async function broken(sql: string, name = '0002-planted.sql'): Promise<string[]> {
  await writeFile(join(root, folder, name), sql)
  const faults = await faultsOfMigrations(root, [`${folder}/${name}`])
  return faults.map((fault) => fault.replace(/^\S+ ([\w-]+): .*/s, '$1'))
}

const planted: readonly (readonly [what: string, sql: string, rules: readonly string[]])[] = [
  ['a column is dropped', 'alter table notes drop column title;', ['ban-drop-column']],
  ['a column is renamed', 'alter table notes rename column title to headline;', ['renaming-column']],
  ['a table is dropped', 'drop table notes;', ['ban-drop-table']],
  ['a table is renamed', 'alter table notes rename to letters;', ['renaming-table']],
  [
    'a type is changed',
    'alter table notes alter column title type jsonb using title::jsonb;',
    ['changing-column-type'],
  ],
  ['a required column', 'alter table notes add column author text not null;', ['adding-required-field']],
  ['a column becomes required', 'alter table notes alter column title set not null;', ['adding-not-nullable-field']],
  ['a column may be null', 'alter table notes alter column title drop not null;', ['ban-drop-not-null']],
  [
    'a volatile default',
    'alter table notes add column token uuid not null default gen_random_uuid();',
    ['adding-field-with-default'],
  ],
  [
    'a stored expression',
    'alter table notes add column t text generated always as (title) stored;',
    ['adding-field-with-default'],
  ],
  ['a serial column', 'alter table notes add column position bigserial;', ['prefer-identity']],
  ['an index', 'create index notes_by_title on notes (title);', ['require-concurrent-index-creation']],
  [
    'an index in a transaction',
    'select 1;\ncreate index concurrently n on notes (title);',
    ['ban-concurrent-index-creation-in-transaction'],
  ],
  ['an index is dropped', 'drop index notes_by_title;', ['require-concurrent-index-deletion']],
  ['an index is built anew', 'reindex table notes;', ['require-concurrent-reindex']],
  ['a check', 'alter table notes add constraint c check (length(title) > 0);', ['constraint-missing-not-valid']],
  [
    'a reference',
    'alter table notes add constraint f foreign key (author) references authors;',
    ['adding-foreign-key-constraint', 'constraint-missing-not-valid'],
  ],
  [
    'a unique constraint',
    'alter table notes add constraint u unique (title);',
    ['constraint-missing-not-valid', 'disallowed-unique-constraint'],
  ],
  [
    'a primary key',
    'alter table notes add primary key (id);',
    ['adding-serial-primary-key-field', 'constraint-missing-not-valid'],
  ],
  ['a transaction in the transaction', 'begin;\nselect 1;\ncommit;', ['transaction-nesting', 'transaction-nesting']],
  ['tables are emptied that nobody named', 'truncate notes cascade;', ['ban-truncate-cascade']],
  ['no SQL', 'alter table notes add colum title text;', ['syntax-error']],
]

for (const [what, sql, rules] of planted) {
  test(`refused: ${what}`, async () => {
    assert.deepEqual([...new Set(await broken(sql))], [...new Set(rules)])
  })
}

test('what is refused says where, why, and what is safe instead', async () => {
  await broken('\nalter table notes drop column title;')
  assert.deepEqual(await faultsOfMigrations(root, [`${folder}/0002-planted.sql`]), [
    `${folder}/0002-planted.sql:2 ban-drop-column: Dropping a column may break existing clients. The version that runs may read or write it. Drop it when no version that runs names it, in a file that begins with "-- contract: why nobody does".`,
  ])
})

test('what widens is let through', async () => {
  const wide = `create table letters (id text primary key, author text not null unique, position bigint not null);
    create index letters_by_author on letters (author);
    alter table notes add column author text references letters;
    alter table notes add column pinned boolean not null default false;
    alter table notes add constraint c check (length(title) > 0) not valid;`
  assert.deepEqual(await broken(wide.replace(' references letters', '')), [])
  assert.deepEqual(await broken('alter table notes validate constraint c;'), [])
  assert.deepEqual(await broken('-- no transaction\ncreate index concurrently if not exists n on notes (title);'), [])
  assert.deepEqual(await broken('-- no transaction\ndrop index concurrently if exists n;'), [])
})

test('what nobody needs any more may go, with the reason why', async () => {
  const drop =
    'alter table notes drop column title;\nalter table notes alter column body drop not null;\ndrop table letters;'
  assert.deepEqual(await broken(`-- contract: no release reads or writes them since 2.4\n${drop}`), [])
  assert.equal((await broken(`-- contract:\n${drop}`)).length, 3)
  assert.deepEqual(await broken('-- contract: the name was never good\nalter table notes rename to letters;'), [
    'renaming-table',
  ])
})

test('a table may give its name to one that takes its place in the same transaction', async () => {
  const swap =
    'alter table notes rename to notes_before;\ncreate table notes (like notes_before) partition by range (id);'
  assert.deepEqual(await broken(swap), [])
  assert.deepEqual(await broken(swap.replace('create table notes (', 'create table letters (')), ['renaming-table'])
  assert.deepEqual(await broken(`-- no transaction\n${swap}`), ['renaming-table'])
})

test('the first file of a service makes its tables', async () => {
  assert.deepEqual(await broken('create table notes (id bigserial);\ndrop table notes;', '0001-notes.sql'), [])
})
