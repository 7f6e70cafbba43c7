import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, get, post } from '../api.ts'
import { useMay } from '../session.ts'
import { useCommand } from '../ui/command.ts'
import { Badge, Button, Loading, Notice, PageHead, Progress, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Report = Answer<typeof catalog, 'import'>
type Rejection = Answer<typeof catalog, 'importRejections'>['items'][number]

/** Often enough to see it move. */
const refetchMs = 800
const isUnderWay = (report: Report | undefined): boolean => report?.state === 'running' || report?.state === 'uploading'

export function ImportPage() {
  const { importId } = useParams({ from: '/imports/$importId' })
  const found = useQuery({
    queryKey: ['import', importId],
    queryFn: () => get<Report>(`/api/admin/imports/${importId}`),
    refetchInterval: ({ state }) => (isUnderWay(state.data) ? refetchMs : false),
  })
  if (found.isPending) return <Loading />
  if (found.isError && !found.data) return <Notice>{found.error.message}</Notice>
  const report = found.data
  const figures: [string, number][] = [
    ['Rows read', report.rows],
    ['Products created', report.productsCreated],
    ['Products changed', report.productsChanged],
    ['Products unchanged', report.productsUnchanged],
    ['Rows rejected', report.rowsRejected],
    ['Pictures stored', report.imagesStored],
    ['Pictures kept as an address', report.imagesKeptAsAddress],
  ]
  return (
    <>
      <PageHead title={report.fileName} note={`Started ${when(report.startedAt)}, prices for market ${report.market}`}>
        <Badge state={report.state} />
      </PageHead>
      <div className="flex flex-col gap-5">
        <Sheet title="Report">
          {report.state === 'running' ? (
            <div className="mb-5">
              <Progress label="Reading the file" value={report.bytes === 0 ? 0 : report.bytesDone / report.bytes} />
            </div>
          ) : null}
          {report.state === 'uploading' ? <Start importId={report.id} /> : null}
          {report.error ? (
            <div className="mb-5">
              <Notice>{report.error}</Notice>
            </div>
          ) : null}
          <dl className="grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-4">
            {figures.map(([label, value]) => (
              <div key={label}>
                <dt className="text-sm text-soft">{label}</dt>
                <dd className="text-xl font-semibold tabular-nums">{value.toLocaleString('en-GB')}</dd>
              </div>
            ))}
          </dl>
          {report.unknownColumns.length > 0 ? (
            <p className="mt-4 max-w-prose text-sm text-soft">
              Columns without a field of their own, kept as they are: {report.unknownColumns.join(', ')}.
            </p>
          ) : null}
        </Sheet>
        {/* Asked for anew whenever there are more of them. */}
        <Rejections key={`${report.state} ${report.rowsRejected}`} report={report} />
      </div>
    </>
  )
}

/** An upload that broke off, or that whoever sent it may not start. */
function Start({ importId }: { importId: string }) {
  const mayWrite = useMay()('catalog:write')
  const start = useCommand((_: null, key) => post<Report>(`/api/admin/imports/${importId}/start`, {}, key))
  return (
    <div className="mb-5 flex flex-col items-start gap-3">
      {start.message ? <Notice>{start.message}</Notice> : null}
      <p className="max-w-prose text-soft">Not started yet. Starting reads what is uploaded by then.</p>
      {mayWrite ? (
        <Button disabled={start.running} onClick={() => start.run(null)}>
          Start the import
        </Button>
      ) : null}
    </div>
  )
}

function Rejections({ report }: { report: Report }) {
  const rejections = usePages<Rejection>(`/api/admin/imports/${report.id}/rejections`)
  return (
    <Sheet title="Rows that were not imported" flush>
      <PagedTable
        pages={rejections}
        keyOf={({ row, column, reason }) => `${row} ${column} ${reason}`}
        empty={report.state === 'done' ? 'None: every row was imported.' : 'None so far.'}
        columns={[
          { title: 'Row', phone: 'state', cell: ({ row }) => <span className="tabular-nums">{row}</span> },
          { title: 'Product', phone: 'title', cell: ({ handle }) => handle ?? '–' },
          { title: 'Column', phone: 'end', cell: ({ column }) => column ?? '–' },
          { title: 'Reason', phone: 'note', cell: ({ reason }) => reason },
        ]}
      />
    </Sheet>
  )
}
