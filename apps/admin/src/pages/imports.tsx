import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type ChangeEvent, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, get, post, putText } from '../api.ts'
import { useMay } from '../session.ts'
import { Badge, Button, Notice, PageHead, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, usePages } from '../ui/list.tsx'

type Report = Answer<typeof catalog, 'import'>
type Rejection = Answer<typeof catalog, 'importRejections'>['items'][number]

/** Below the API's limit for a part, with room for characters of several bytes at its edge. */
const partBytes = 500_000

export function ImportsPage() {
  const pages = usePages<Report>('/api/admin/imports')
  const mayWrite = useMay()('catalog:write')
  const navigate = useNavigate()
  const [uploaded, setUploaded] = useState<number | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const choose = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const file = event.target.files?.[0]
    event.target.value = ''
    if (!file) return
    setFailure(null)
    try {
      const importId = await upload(file, setUploaded)
      await navigate({ to: '/imports/$importId', params: { importId } })
    } catch (error) {
      setFailure((error as Error).message)
    } finally {
      setUploaded(null)
    }
  }
  return (
    <>
      <PageHead title="Import and export">
        <Export />
      </PageHead>
      <div className="flex flex-col gap-5">
        {mayWrite ? (
          <Sheet title="Import products">
            <p className="mb-4 max-w-prose text-soft">
              A product CSV as Shopify exports it. Rows that cannot be read are listed with the reason; everything else
              is imported. The same file again changes nothing.
            </p>
            {failure ? <Notice>{failure}</Notice> : null}
            {uploaded === null ? (
              <label className="inline-flex flex-col gap-1 text-sm font-medium">
                File
                <input
                  type="file"
                  accept=".csv,text/csv"
                  onChange={(event) => void choose(event)}
                  className="rounded-lg border border-line p-2 font-normal"
                />
              </label>
            ) : (
              <Progress label="Uploading" value={uploaded} />
            )}
          </Sheet>
        ) : null}
        <Sheet title="Imports">
          <PagedTable
            pages={pages}
            keyOf={({ id }) => id}
            empty="Nothing was imported yet."
            columns={[
              {
                title: 'File',
                cell: ({ id, fileName }) => (
                  <Link
                    to="/imports/$importId"
                    params={{ importId: id }}
                    className="font-medium underline-offset-2 hover:underline"
                  >
                    {fileName}
                  </Link>
                ),
              },
              { title: 'State', cell: ({ state }) => <Badge state={state} /> },
              {
                title: 'Products',
                cell: (one) => one.productsCreated + one.productsChanged + one.productsUnchanged,
                end: true,
              },
              { title: 'Rejected rows', cell: ({ rowsRejected }) => rowsRejected, end: true, wide: true },
              { title: 'Started', cell: ({ startedAt }) => when(startedAt), wide: true },
            ]}
          />
        </Sheet>
      </div>
    </>
  )
}

/** Sends the file in parts that end between characters, then starts the import. */
async function upload(file: File, onProgress: (share: number) => void): Promise<string> {
  const { id } = await post<Report>('/api/admin/imports', { fileName: file.name })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let part = 0
  for (let at = 0; at < file.size; at += partBytes) {
    const bytes = await file.slice(at, at + partBytes).arrayBuffer()
    const isLast = at + partBytes >= file.size
    const text = decoder.decode(bytes, { stream: !isLast })
    if (text !== '') {
      await putText(`/api/admin/imports/${id}/parts/${part}`, text, 'text/csv')
      part += 1
    }
    onProgress(Math.min(1, (at + partBytes) / file.size))
  }
  await post(`/api/admin/imports/${id}/start`, {})
  return id
}

function Progress({ label, value }: { label: string; value: number }) {
  return (
    <label className="flex max-w-md flex-col gap-1 text-sm">
      {label}
      <progress value={value} max={1} className="h-2 w-full accent-accent" />
    </label>
  )
}

function Export() {
  const [running, setRunning] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const run = async (): Promise<void> => {
    setRunning(true)
    setFailure(null)
    try {
      const texts: string[] = []
      let cursor: string | null = null
      do {
        const page: Answer<typeof catalog, 'exportProducts'> = await get('/api/admin/exports/products', { cursor })
        texts.push(page.csv)
        cursor = page.nextCursor
      } while (cursor)
      save('products.csv', texts)
    } catch (error) {
      setFailure((error as Error).message)
    } finally {
      setRunning(false)
    }
  }
  return (
    <>
      {failure ? <Notice>{failure}</Notice> : null}
      <Button onClick={() => void run()} disabled={running}>
        {running ? 'Exporting …' : 'Export products'}
      </Button>
    </>
  )
}

function save(name: string, texts: string[]): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(texts, { type: 'text/csv' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

export function ImportPage() {
  const { importId } = useParams({ from: '/imports/$importId' })
  const found = useQuery({
    queryKey: ['import', importId],
    queryFn: () => get<Report>(`/api/admin/imports/${importId}`),
    refetchInterval: ({ state }) =>
      state.data?.state === 'running' || state.data?.state === 'uploading' ? 800 : false,
  })
  const rejections = usePages<Rejection>(`/api/admin/imports/${importId}/rejections`)
  if (found.isPending) return <p className="text-soft">Loading …</p>
  if (found.isError) return <Notice>{found.error.message}</Notice>
  const report = found.data
  const figures: [string, number][] = [
    ['Rows read', report.rows],
    ['Products created', report.productsCreated],
    ['changed', report.productsChanged],
    ['unchanged', report.productsUnchanged],
    ['Rows rejected', report.rowsRejected],
    ['Pictures stored', report.imagesStored],
    ['Pictures kept as an address', report.imagesKeptAsAddress],
  ]
  return (
    <>
      <PageHead title={report.fileName}>
        <Badge state={report.state} />
      </PageHead>
      <div className="flex flex-col gap-5">
        <Sheet title="Report">
          {report.state === 'running' ? (
            <Progress label="Reading the file" value={report.bytes === 0 ? 0 : report.bytesDone / report.bytes} />
          ) : null}
          {report.error ? <Notice>{report.error}</Notice> : null}
          <dl className="mt-3 grid max-w-md grid-cols-2 gap-y-1">
            {figures.map(([label, value]) => (
              <div key={label} className="contents">
                <dt className="text-soft">{label}</dt>
                <dd className="text-right tabular-nums">{value}</dd>
              </div>
            ))}
          </dl>
          {report.unknownColumns.length > 0 ? (
            <p className="mt-4 max-w-prose text-sm text-soft">
              Columns without a field of their own, kept as they are: {report.unknownColumns.join(', ')}.
            </p>
          ) : null}
        </Sheet>
        <Sheet title="Rows that were not imported">
          <PagedTable
            pages={rejections}
            keyOf={({ row, column, reason }) => `${row} ${column} ${reason}`}
            empty={report.state === 'done' ? 'Every row was imported.' : 'None so far.'}
            columns={[
              { title: 'Row', cell: ({ row }) => row, end: true },
              { title: 'Product', cell: ({ handle }) => handle ?? '–' },
              { title: 'Column', cell: ({ column }) => column ?? '–', wide: true },
              { title: 'Reason', cell: ({ reason }) => reason },
            ]}
          />
        </Sheet>
      </div>
    </>
  )
}
