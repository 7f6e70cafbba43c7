import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { notifications } from '../../../../services/notifications/contract.ts'
import { type Answer, get } from '../api.ts'
import { Badge, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Mail = Answer<typeof notifications, 'mails'>['items'][number]

export function MailsPage() {
  const pages = usePages<Mail>('/api/admin/mails')
  return (
    <>
      <PageHead title="Mails" />
      <Sheet>
        <p className="mb-4 max-w-prose text-soft">
          What the shop has written. Without a mail server (SMTP_URL) mails are kept here instead of being sent.
        </p>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty="No mail was written yet."
          columns={[
            {
              title: 'Subject',
              cell: ({ id, subject }) => (
                <Link
                  to="/mails/$mailId"
                  params={{ mailId: id }}
                  className="font-medium underline-offset-2 hover:underline"
                >
                  {subject}
                </Link>
              ),
            },
            { title: 'To', cell: ({ to }) => <span className="block max-w-56 truncate">{to}</span> },
            { title: 'State', cell: ({ state }) => <Badge state={state} /> },
            { title: 'Written', cell: ({ createdAt }) => when(createdAt), wide: true },
          ]}
        />
      </Sheet>
    </>
  )
}

export function MailPage() {
  const { mailId } = useParams({ from: '/mails/$mailId' })
  const found = useQuery({
    queryKey: ['mail', mailId],
    queryFn: () => get<Answer<typeof notifications, 'mail'>>(`/api/admin/mails/${mailId}`),
  })
  if (found.isPending) return <p className="text-soft">Loading …</p>
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const { subject, to, html, state, sentAt, createdAt, error } = found.data
  return (
    <>
      <PageHead title={subject}>
        <Badge state={state} />
      </PageHead>
      <p className="mb-4 text-soft">
        To {to}, {sentAt ? `sent ${when(sentAt)}` : `written ${when(createdAt)}`}
      </p>
      {error ? <Notice>{error}</Notice> : null}
      {/* Without scripts and without our origin, whatever the mail holds; links open outside. */}
      <iframe
        title={`Mail: ${subject}`}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        srcDoc={`<base target="_blank">${html}`}
        className="h-[70vh] w-full rounded-xl border border-line bg-white"
      />
    </>
  )
}
