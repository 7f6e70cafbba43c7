import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import T from 'typebox'
import { anyone, capability, command, contract, customer, internal, ok, query, refuse, staff } from '#kernel/contract'
import { type Database, inTransaction, sql } from '#kernel/database'
import { type EventEnvelope, event } from '#kernel/event'
import { Email } from '#kernel/fields'
import { newId } from '#kernel/id'
import { on } from '#kernel/inbox'
import { publish } from '#kernel/outbox'
import { type AnyService, service } from '#kernel/service'

// Two small services by which the kernel is tested: real ones, hosted as any other. `notes` writes and tells,
// `readers` listens and counts.

const noteWritten = event('note.written', { version: 1, data: T.Object({ noteId: T.String(), text: T.String() }) })

const Note = T.Object({ id: T.String(), text: T.String() })
const Text = T.String({ minLength: 1, maxLength: 100 })

export const notes = contract('notes', {
  write: command('POST /notes', {
    summary: 'Write a note',
    access: anyone,
    status: 201,
    input: T.Object({
      text: Text,
      stars: T.Optional(T.Integer({ minimum: 1, maximum: 5 })),
      author: T.Optional(T.Object({ email: Email })),
    }),
    output: Note,
    refusals: { 'notes/too-rude': [409, T.Object({ word: T.String() })] },
  }),
  list: query('GET /notes', {
    summary: 'Notes',
    access: anyone,
    input: T.Object({
      limit: T.Optional(T.Integer({ minimum: 1, maximum: 10 })),
      filter: T.Optional(T.Record(T.String(), T.String())),
    }),
    output: T.Object({ limit: T.Integer(), filter: T.Record(T.String(), T.String()), count: T.Integer() }),
  }),
  read: query('GET /notes/{noteId}', {
    summary: 'A note by its secret id',
    access: capability('noteId'),
    input: T.Object({ noteId: T.String({ minLength: 3 }) }),
    output: Note,
    refusals: { 'notes/unknown-note': 404 },
  }),
  mine: query('GET /my-notes', {
    summary: 'Notes of a customer',
    access: customer,
    input: T.Object({}),
    output: T.Object({ customerId: T.String() }),
  }),
  burn: command('DELETE /admin/notes/{noteId}', {
    summary: 'Burn a note',
    access: staff('notes:burn'),
    input: T.Object({ noteId: T.String() }),
    output: T.Object({}),
  }),
  guess: command('POST /guesses', {
    summary: 'Guess a word',
    access: anyone,
    limit: { max: 3, perSeconds: 3600, counts: 'refused', exemptLoopback: false },
    input: T.Object({ word: T.String() }),
    output: T.Object({ right: T.Boolean() }),
    refusals: { 'notes/wrong-word': 422 },
  }),
  broken: command('POST /broken', {
    summary: 'Fails',
    access: anyone,
    idempotency: 'required',
    input: T.Object({}),
    output: T.Object({}),
  }),
  leaky: query(null, {
    summary: 'Answers what it does not declare',
    access: internal,
    input: T.Object({}),
    output: T.Object({ name: T.String() }),
  }),
  nosy: command(null, {
    summary: 'Calls a service inside a transaction',
    access: internal,
    input: T.Object({}),
    output: T.Object({}),
  }),
  twice: command(null, {
    summary: 'Counts its calls',
    access: internal,
    idempotency: 'natural',
    input: T.Object({}),
    output: T.Object({ calls: T.Integer() }),
  }),
})

export const readers = contract(
  'readers',
  {
    heard: query(null, {
      summary: 'What was heard',
      access: internal,
      input: T.Object({}),
      output: T.Object({ texts: T.Array(T.String()) }),
    }),
  },
  { subscribes: [noteWritten] },
)

/** What tests command and see of one pair of services. */
export type Knobs = {
  calls: number
  failReaders: number
  /** Milliseconds that the last call of `twice` had left, by this process's clock. */
  leftMs: number
  readonly deliveries: EventEnvelope[]
}

/** The two services with their migrations in a folder of their own. */
export async function notesServices(): Promise<{ services: AnyService[]; knobs: Knobs }> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-notes-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  await mkdir(join(folder, 'notes'))
  await mkdir(join(folder, 'readers'))
  await writeFile(
    join(folder, 'notes', '0001-notes.sql'),
    'create table notes (id text primary key, text text not null)',
  )
  await writeFile(
    join(folder, 'readers', '0001-heard.sql'),
    'create table heard (n bigint generated always as identity, text text not null)',
  )
  const knobs: Knobs = { calls: 0, failReaders: 0, leftMs: 0, deliveries: [] }
  return {
    services: [notesService(join(folder, 'notes'), knobs), readersService(join(folder, 'readers'), knobs)],
    knobs,
  }
}

const notesService = (migrations: string, knobs: Knobs) =>
  service({
    contract: notes,
    settings: T.Object({}),
    calls: [readers],
    connections: 5,
    migrations,
    start: async ({ db, client }) => ({
      operations: {
        write: async ({ text }) => {
          knobs.calls += 1
          return writeNote(db, text)
        },
        list: async ({ limit, filter }) => {
          const { rows } = await sql<{ count: number }>`select count(*)::int as count from notes`.execute(db)
          return ok({ limit: limit ?? 0, filter: filter ?? {}, count: rows[0]?.count ?? 0 })
        },
        read: async ({ noteId }) => {
          const { rows } = await sql<{ id: string; text: string; secret: string }>`
            select id, text, 'not for you' as secret from notes where id = ${noteId}`.execute(db)
          return rows[0] ? ok(rows[0]) : refuse('notes/unknown-note', 'There is no such note.')
        },
        mine: async (_, { actor }) => ok({ customerId: actor.kind === 'customer' ? actor.customerId : 'nobody' }),
        burn: async () => ok({}),
        guess: async ({ word }) =>
          word === 'stoa' ? ok({ right: true }) : refuse('notes/wrong-word', 'That is not the word.'),
        broken: async () => {
          knobs.calls += 1
          throw new Error('select secret from vault where password = $1')
        },
        leaky: async () => ok({ name: 'x', secret: 'y' }),
        nosy: async () => {
          await inTransaction(db, async () => client(readers).heard({}))
          return ok({})
        },
        twice: async (_, { deadline }) => {
          knobs.calls += 1
          knobs.leftMs = deadline - Date.now()
          return ok({ calls: knobs.calls })
        },
      },
    }),
  })

async function writeNote(db: Database, text: string) {
  return inTransaction(db, async (tx) => {
    const id = newId('note')
    await sql`insert into notes (id, text) values (${id}, ${text})`.execute(tx)
    await publish(tx, noteWritten, { subject: id, sequence: 1, data: { noteId: id, text } })
    if (text.includes('rude')) return refuse('notes/too-rude', 'This cannot be said here.', { word: 'rude' })
    return ok({ id, text })
  })
}

const readersService = (migrations: string, knobs: Knobs) =>
  service({
    contract: readers,
    settings: T.Object({}),
    connections: 3,
    migrations,
    start: async ({ db }) => ({
      operations: {
        heard: async () => {
          const { rows } = await sql<{ text: string }>`select text from heard order by n`.execute(db)
          return ok({ texts: rows.map(({ text }) => text) })
        },
      },
      subscriptions: [
        on(noteWritten, async (tx, heard) => {
          knobs.deliveries.push(heard)
          await sql`insert into heard (text) values (${heard.data.text})`.execute(tx)
          if (heard.data.text === 'poison') throw new Error('cannot swallow this')
          if (knobs.failReaders > 0) {
            knobs.failReaders -= 1
            throw new Error('not now')
          }
        }),
      ],
    }),
  })
