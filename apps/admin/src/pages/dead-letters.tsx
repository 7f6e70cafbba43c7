import type { hostContract } from '../../../../kernel/health.ts'
import { type Answer, post } from '../api.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Button, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Letter = Answer<typeof hostContract, 'deadLetters'>['items'][number]
type Replayed = Answer<typeof hostContract, 'replayDeadLetters'>

/** What one service told another and that could never take effect: which, why, and a button for when it is mended. */
export function DeadLettersPage() {
  const pages = usePages<Letter>('/api/admin/dead-letters')
  const mayReplay = useMay()('events:replay')
  const replay = useCommand((what: { eventId?: string }, key) =>
    post<Replayed>('/api/admin/dead-letters/replay', what, key),
  )
  const action = ({ eventId, type }: Letter) => (
    <Button disabled={replay.running} onClick={() => replay.run({ eventId })} aria-label={`Send ${type} again`}>
      Send again
    </Button>
  )
  return (
    <>
      <PageHead
        title="Undelivered events"
        note="What one part of the shop told another, and that could not take effect there. Mend the reason first, then send it again."
      >
        {mayReplay ? (
          <Button disabled={replay.running} onClick={() => replay.run({})}>
            Send all again
          </Button>
        ) : null}
      </PageHead>
      {replay.message ? (
        <div className="mb-4">
          <Notice>{replay.message}</Notice>
        </div>
      ) : null}
      <Sheet flush>
        <PagedTable
          pages={pages}
          keyOf={({ eventId, subscriber }) => `${eventId} ${subscriber}`}
          empty="Every event took effect."
          columns={[
            {
              title: 'Event',
              phone: 'title',
              cell: ({ type, subject }) => (
                <>
                  <span className="font-medium">{type}</span>
                  <span className="block text-sm text-soft">{subject}</span>
                </>
              ),
            },
            { title: 'Reason', phone: 'note', cell: ({ error }) => <span className="block max-w-md">{error}</span> },
            { title: 'For', phone: 'state', cell: ({ publisher, subscriber }) => `${subscriber}, from ${publisher}` },
            {
              title: 'Given up',
              phone: 'none',
              cell: ({ diedAt }) => <span className="text-soft">{when(diedAt)}</span>,
            },
            ...(mayReplay ? [{ title: 'Action', phone: 'end' as const, cell: action, end: true }] : []),
          ]}
        />
      </Sheet>
    </>
  )
}
