import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { notifications } from '../../../../services/notifications/contract.ts'
import { type Answer, get } from '../api.ts'
import { Badge, Loading, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, rowLink, usePages } from '../ui/list.tsx'

type Mail = Answer<typeof notifications, 'mails'>['items'][number]

export function MailsPage() {
  const pages = usePages<Mail>('/api/admin/mails')
  return (
    <>
      <PageHead
        title="Mails"
        note="What the shop has written. Without a mail server (SMTP_URL) mails are kept here instead of being sent."
      />
      <Sheet flush>
        <PagedTable
          pages={pages}
          keyOf={({ id }) => id}
          empty="No mail was written yet."
          columns={[
            {
              title: 'Subject',
              phone: 'title',
              cell: ({ id, subject }) => (
                <Link to="/mails/$mailId" params={{ mailId: id }} className={rowLink}>
                  {subject}
                </Link>
              ),
            },
            { title: 'To', phone: 'note', cell: ({ to }) => <span className="block max-w-72 truncate">{to}</span> },
            { title: 'State', phone: 'state', cell: ({ state }) => <Badge state={state} /> },
            {
              title: 'Written',
              phone: 'none',
              cell: ({ createdAt }) => <span className="text-soft">{when(createdAt)}</span>,
              end: true,
            },
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
  if (found.isPending) return <Loading />
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const { subject, to, html, state, sentAt, createdAt, error } = found.data
  return (
    <>
      <PageHead title={subject} note={`To ${to}, ${sentAt ? `sent ${when(sentAt)}` : `written ${when(createdAt)}`}`}>
        <Badge state={state} />
      </PageHead>
      {error ? (
        <div className="mb-4">
          <Notice>{error}</Notice>
        </div>
      ) : null}
      {/* Without scripts and without our origin, whatever the mail holds; links open outside. */}
      <iframe
        title={`Mail: ${subject}`}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        srcDoc={`<base target="_blank">${html}`}
        className="h-[75dvh] w-full rounded-xl border border-line bg-white"
      />
    </>
  )
}
