import { Link, useNavigate } from '@tanstack/react-router'
import { type ChangeEvent, useState } from 'react'
import type { catalog } from '../../../../services/catalog/contract.ts'
import { type Answer, ApiError, get, post, putText } from '../api.ts'
import { useMay } from '../session.ts'
import { Badge, Button, Notice, PageHead, Progress, Sheet, when } from '../ui/kit.tsx'
import { PagedTable, rowLink, usePages } from '../ui/list.tsx'

type Report = Answer<typeof catalog, 'import'>

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
            {failure ? (
              <div className="mb-4">
                <Notice>{failure}</Notice>
              </div>
            ) : null}
            {uploaded === null ? (
              <label className="inline-flex flex-col gap-1 text-sm font-medium">
                File
                <input
                  type="file"
                  accept=".csv,text/csv"
                  onChange={(event) => void choose(event)}
                  className="max-w-full rounded-lg border border-dashed border-edge p-3 font-normal"
                />
              </label>
            ) : (
              <Progress label="Uploading" value={uploaded} />
            )}
          </Sheet>
        ) : null}
        <Sheet title="Imports" flush>
          <PagedTable
            pages={pages}
            keyOf={({ id }) => id}
            empty="Nothing was imported yet."
            columns={[
              {
                title: 'File',
                phone: 'title',
                cell: ({ id, fileName }) => (
                  <Link to="/imports/$importId" params={{ importId: id }} className={rowLink}>
                    {fileName}
                  </Link>
                ),
              },
              { title: 'State', phone: 'state', cell: ({ state }) => <Badge state={state} /> },
              {
                title: 'Products',
                phone: 'none',
                cell: (one) => one.productsCreated + one.productsChanged + one.productsUnchanged,
                end: true,
              },
              { title: 'Rejected rows', phone: 'end', cell: ({ rowsRejected }) => rowsRejected, end: true },
              {
                title: 'Started',
                phone: 'note',
                cell: ({ startedAt }) => <span className="text-soft">{when(startedAt)}</span>,
                end: true,
              },
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
      await patiently(() => putText(`/api/admin/imports/${id}/parts/${part}`, text, 'text/csv'))
      part += 1
    }
    onProgress(Math.min(1, (at + partBytes) / file.size))
  }
  await patiently(() => post(`/api/admin/imports/${id}/start`, {}))
  return id
}

/** A long upload outlives a hiccup of the network: the same part again replaces itself. */
const attempts = 4
const pauseMs = 1_000
async function patiently<A>(run: () => Promise<A>): Promise<A> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run()
    } catch (error) {
      if (attempt === attempts || !(error instanceof ApiError) || error.isDecided) throw error
      await new Promise((resolve) => setTimeout(resolve, attempt * pauseMs))
    }
  }
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
  link.href = URL.createObjectURL(new Blob(texts, { type: 'text/csv;charset=utf-8' }))
  link.download = name
  link.click()
  // Browsers may begin to read it after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
