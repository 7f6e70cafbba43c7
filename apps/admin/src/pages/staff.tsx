import { type FormEvent, useState } from 'react'
import type { identity } from '../../../../services/identity/contract.ts'
import { type Answer, patch, post } from '../api.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Badge, Button, Notice, PageHead, Sheet, TextField, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Member = Answer<typeof identity, 'staffMembers'>['items'][number]

const roles: readonly [name: string, may: string][] = [
  ['owner', 'everything'],
  ['manager', 'everything but staff accounts'],
  ['merchandiser', 'products, prices, promotions'],
  ['fulfillment', 'orders, sending, stock'],
  ['support', 'orders, canceling, refunds'],
]

export function StaffPage() {
  const pages = usePages<Member>('/api/admin/staff')
  const mayWrite = useMay()('staff:write')
  const [editing, setEditing] = useState<Member | 'new' | null>(null)
  return (
    <>
      <PageHead title="Staff">
        {mayWrite ? (
          <Button kind="primary" onClick={() => setEditing('new')}>
            Add somebody
          </Button>
        ) : null}
      </PageHead>
      {editing === 'new' ? <NewMember onClose={() => setEditing(null)} /> : null}
      {editing !== null && editing !== 'new' ? <EditMember member={editing} onClose={() => setEditing(null)} /> : null}
      <Sheet flush>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty="Nobody yet."
          columns={[
            { title: 'Name', phone: 'title', cell: ({ name }) => <span className="font-medium">{name}</span> },
            {
              title: 'E-mail',
              phone: 'note',
              cell: ({ email }) => <span className="block max-w-72 truncate">{email}</span>,
            },
            { title: 'Roles', phone: 'state', cell: ({ roles: names }) => names.join(', ') },
            { title: 'Account', phone: 'none', cell: ({ active }) => <Badge state={active ? 'active' : 'locked'} /> },
            {
              title: 'Since',
              phone: 'none',
              cell: ({ createdAt }) => <span className="text-soft">{when(createdAt)}</span>,
            },
            ...(mayWrite
              ? [
                  {
                    title: 'Change',
                    phone: 'end' as const,
                    end: true,
                    cell: (member: Member) => (
                      <Button onClick={() => setEditing(member)}>
                        Change<span className="sr-only"> {member.name}</span>
                      </Button>
                    ),
                  },
                ]
              : []),
          ]}
        />
      </Sheet>
    </>
  )
}

function Roles({ chosen, onChange }: { chosen: readonly string[]; onChange: (roles: string[]) => void }) {
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1 text-sm font-medium">Roles</legend>
      {roles.map(([name, may]) => (
        <label key={name} className="flex items-center gap-2">
          <input
            type="checkbox"
            className="size-4"
            checked={chosen.includes(name)}
            onChange={(event) =>
              onChange(event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name))
            }
          />
          {name} <span className="text-sm text-soft">{may}</span>
        </label>
      ))}
    </fieldset>
  )
}

function NewMember({ onClose }: { onClose: () => void }) {
  const [member, setMember] = useState({ name: '', email: '', password: '', roles: ['fulfillment'] })
  const save = useCommand((body: unknown, key) => post('/api/admin/staff', body, key), {
    onDone: onClose,
    fields: ['name', 'email', 'password'],
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    save.run(member)
  }
  return (
    <Dialog onClose={onClose} title="Add somebody">
      <form onSubmit={submit} className="flex flex-col gap-4">
        {save.message ? <Notice>{save.message}</Notice> : null}
        <TextField
          label="Name"
          required
          autoComplete="off"
          value={member.name}
          onChange={(event) => setMember({ ...member, name: event.target.value })}
          error={save.errorOf('name')}
        />
        <TextField
          label="E-mail"
          type="email"
          required
          autoComplete="off"
          value={member.email}
          onChange={(event) => setMember({ ...member, email: event.target.value })}
          error={save.errorOf('email')}
        />
        <TextField
          label="First password"
          type="password"
          required
          minLength={15}
          autoComplete="new-password"
          hint="15 characters or more; a few words are best"
          value={member.password}
          onChange={(event) => setMember({ ...member, password: event.target.value })}
          error={save.errorOf('password')}
        />
        <Roles chosen={member.roles} onChange={(chosen) => setMember({ ...member, roles: chosen })} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={save.running || member.roles.length === 0}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function EditMember({ member, onClose }: { member: Member; onClose: () => void }) {
  const [chosen, setChosen] = useState<readonly string[]>(member.roles)
  const save = useCommand((body: unknown) => patch(`/api/admin/staff/${member.id}`, body), { onDone: onClose })
  return (
    <Dialog onClose={onClose} title={member.name}>
      <div className="flex flex-col gap-4">
        {save.message ? <Notice>{save.message}</Notice> : null}
        <Roles chosen={chosen} onChange={setChosen} />
        <div className="flex flex-wrap justify-between gap-2">
          <Button kind="danger" disabled={save.running} onClick={() => save.run({ active: !member.active })}>
            {member.active ? 'Lock the account' : 'Open the account again'}
          </Button>
          <Button
            kind="primary"
            disabled={save.running || chosen.length === 0}
            onClick={() => save.run({ roles: chosen })}
          >
            Save roles
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
