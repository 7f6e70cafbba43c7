import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'

const squawk = join(import.meta.dirname, '..', 'node_modules', 'squawk-cli', 'js', 'bin', 'squawk')

/** The version that a shop needs at least. */
const postgresVersion = '18.0'

/**
 * What a migration may not do while the version before runs and sells, by squawk's name for it (https://squawkhq.com/docs/rules), and
 * what is safe instead. Its rules of taste are left out. So are those about time-outs: `stoa migrate` sets `lock_timeout` itself.
 */
const safeWays: Readonly<Record<string, string>> = {
  'adding-field-with-default':
    'The table is rewritten while nobody can read it. Add the column without a default, fill it in a later file, then set the default.',
  'adding-foreign-key-constraint':
    'Both tables are locked while every row is looked at. Add it "not valid", and validate it in a later file.',
  'adding-not-nullable-field':
    'Every row is looked at while nobody can read the table. Add a check "(c is not null) not valid", validate it in a later file, then set not null.',
  'adding-required-field':
    'The version that runs does not know the column, and its inserts would fail. Let it be null, or give it a default that is not volatile.',
  'adding-serial-primary-key-field':
    'The index is built while nobody can read the table. Build a unique index concurrently, then add the key "using index".',
  'ban-concurrent-index-creation-in-transaction':
    'It cannot run in a transaction. Put it into a file of its own that begins with "-- no transaction".',
  'ban-drop-column':
    'The version that runs may read or write it. Drop it when no version that runs names it, in a file that begins with "-- contract: why nobody does".',
  'ban-drop-database': 'Everything would be gone.',
  'ban-drop-not-null':
    'The version that runs may rely on there being a value. Do it when no version that runs reads it, in a file that begins with "-- contract: why nobody does".',
  'ban-drop-table':
    'The version that runs may read or write it. Drop it when no version that runs names it, in a file that begins with "-- contract: why nobody does".',
  'ban-truncate-cascade': 'It empties tables that nobody named.',
  'changing-column-type':
    'The table is rewritten while nobody can read it, and the version that runs expects the old type. Add a column of the new type, fill it, switch over, and drop the old one.',
  'constraint-missing-not-valid':
    'Every row is looked at while nobody can write. Add it "not valid", and validate it in a later file.',
  'disallowed-unique-constraint':
    'The index is built while nobody can read the table. Build a unique index concurrently, then add the constraint "using index".',
  'prefer-identity':
    'A serial column fills every row from a sequence, which rewrites the table while nobody can read it. Add the column without it.',
  'renaming-column':
    'The version that runs knows the old name only. Add a column, write both, fill it, switch over, and drop the old one.',
  'renaming-table':
    'The version that runs knows the old name only. Make a new table, write both, fill it, switch over, and drop the old one.',
  'require-concurrent-index-creation':
    'Nobody can write while it is built. Create it concurrently, in a file of its own that begins with "-- no transaction".',
  'require-concurrent-index-deletion':
    'Everybody waits until it is gone. Drop it concurrently, in a file of its own that begins with "-- no transaction".',
  'require-concurrent-reindex': 'Nobody can write meanwhile. Reindex concurrently.',
  'syntax-error': 'It is no SQL that PostgreSQL reads.',
  'transaction-nesting': 'A file is a transaction already. What has to commit by itself is a file of its own.',
}

/** What a file may do that says why nobody needs it any more. */
const contractMay = new Set(['ban-drop-column', 'ban-drop-table', 'ban-drop-not-null'])
const contractMark = /^-- contract: \S.{10,}/

/** Done before there were these rules, on tables that were new in the same release or next to empty; a file that was applied is never changed. */
const done: ReadonlySet<string> = new Set([
  'kernel/migrations/0002-event-failures.sql require-concurrent-index-creation',
  'services/payments/migrations/0002-gift-cards.sql ban-drop-not-null',
  'services/payments/migrations/0002-gift-cards.sql disallowed-unique-constraint',
  'services/payments/migrations/0002-gift-cards.sql adding-foreign-key-constraint',
  'services/payments/migrations/0003-providers.sql require-concurrent-index-creation',
])

/** Tables that get another name while one of the old name takes their place, in one transaction: whoever knows the old name finds it. */
const replacedIn = (text: string): boolean => {
  const renamed = [...text.matchAll(/^alter table (\w+) rename to \w+;$/gm)].map(([, name]) => name)
  return renamed.length > 0 && renamed.every((name) => new RegExp(`^create table ${name} \\(`, 'm').test(text))
}

type Found = { readonly file: string; readonly line: number; readonly rule_name: string; readonly message: string }

/**
 * Looks at migrations for what cannot be done under live traffic. A service's first file makes its tables and may do anything.
 * @returns a line for each fault: where, what, why, and what is safe instead
 */
export async function faultsOfMigrations(root: string, files: readonly string[]): Promise<string[]> {
  const later = files.filter((file) => !/\/0001-[^/]*$/.test(file))
  const texts = new Map(
    await Promise.all(later.map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const)),
  )
  const isAlone = (file: string): boolean => texts.get(file)?.startsWith('-- no transaction') ?? false
  const found = [
    ...(await lint(root, later.filter(isAlone), [])),
    ...(await lint(
      root,
      later.filter((file) => !isAlone(file)),
      ['--assume-in-transaction'],
    )),
  ]
  const isExcused = ({ file, rule_name: rule }: Found): boolean =>
    done.has(`${file} ${rule}`) ||
    (rule === 'renaming-table' && !isAlone(file) && replacedIn(texts.get(file) ?? '')) ||
    (contractMay.has(rule) && contractMark.test(texts.get(file) ?? ''))
  return found
    .filter((one) => one.rule_name in safeWays && !isExcused(one))
    .map(({ file, line, rule_name: rule, message }) => `${file}:${line + 1} ${rule}: ${message} ${safeWays[rule]}`)
    .sort()
}

async function lint(root: string, files: readonly string[], parameters: readonly string[]): Promise<Found[]> {
  if (files.length === 0) return []
  const options = ['--reporter', 'json', '--pg-version', postgresVersion, ...parameters]
  const { stdout } = await promisify(execFile)(process.execPath, [squawk, ...options, ...files], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: Error & { code?: unknown; stdout?: string }) => {
    // It ends with 1 when it has found something.
    if (error.code === 1 && error.stdout?.startsWith('[')) return { stdout: error.stdout }
    throw error
  })
  return (JSON.parse(stdout) as Found[]).map((one) => ({ ...one, file: relative(root, join(root, one.file)) }))
}
