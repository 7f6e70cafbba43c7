import type {
  ButtonHTMLAttributes,
  InputHTMLAttributes,
  ReactNode,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from 'react'
import { useEffect, useId } from 'react'

const kinds = {
  primary: 'bg-accent text-accent-ink border-transparent hover:opacity-90',
  plain: 'bg-sheet text-ink border-line hover:border-edge',
  danger: 'bg-sheet text-danger border-line hover:border-danger',
} as const

export function Button({
  kind = 'plain',
  className = '',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: keyof typeof kinds }) {
  return (
    <button
      type="button"
      {...rest}
      className={`inline-flex min-h-9 items-center justify-center gap-2 whitespace-nowrap rounded-lg border px-3.5 py-1.5 text-sm font-medium disabled:cursor-default disabled:opacity-50 ${kinds[kind]} ${className}`}
    />
  )
}

const control =
  'w-full rounded-lg border border-edge/60 bg-sheet px-3 py-1.5 text-ink placeholder:text-soft hover:border-edge aria-invalid:border-danger disabled:border-line disabled:bg-ground disabled:text-ink'

type Labeled = { label: string; error?: string | undefined; hint?: string | undefined; hideLabel?: boolean }

/** A label, its control and what is wrong with it, tied together for screen readers. */
function Labels({ label, error, hint, hideLabel, id, children }: Labeled & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-sm font-medium'}>
        {label}
      </label>
      {children}
      {(error ?? hint) ? (
        <p id={`${id}-note`} className={`text-sm ${error ? 'text-danger' : 'text-soft'}`}>
          {error ?? hint}
        </p>
      ) : null}
    </div>
  )
}

const described = (id: string, { error, hint }: Pick<Labeled, 'error' | 'hint'>) => ({
  id,
  'aria-invalid': error ? true : undefined,
  'aria-describedby': (error ?? hint) ? `${id}-note` : undefined,
})

export function TextField({
  label,
  error,
  hint,
  hideLabel = false,
  className = '',
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & Labeled) {
  const id = useId()
  return (
    <Labels {...{ label, error, hint, hideLabel, id }}>
      <input {...described(id, { error, hint })} {...rest} className={`${control} min-h-9 ${className}`} />
    </Labels>
  )
}

export function TextArea({ label, error, hint, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement> & Labeled) {
  const id = useId()
  return (
    <Labels {...{ label, error, hint, id }}>
      <textarea rows={6} {...described(id, { error, hint })} {...rest} className={control} />
    </Labels>
  )
}

export function Select({
  label,
  error,
  hint,
  hideLabel = false,
  children,
  ...rest
}: SelectHTMLAttributes<HTMLSelectElement> & Labeled) {
  const id = useId()
  return (
    <Labels {...{ label, error, hint, hideLabel, id }}>
      <select {...described(id, { error, hint })} {...rest} className={`${control} min-h-9`}>
        {children}
      </select>
    </Labels>
  )
}

export function Sheet({
  title,
  actions,
  flush = false,
  children,
}: {
  title?: string
  actions?: ReactNode
  /** For tables, whose rows reach from edge to edge. */
  flush?: boolean
  children: ReactNode
}) {
  return (
    <section className="min-w-0 overflow-clip rounded-xl border border-line bg-sheet">
      {title ? (
        <header className="flex min-h-12 flex-wrap items-center justify-between gap-x-3 gap-y-2 border-b border-line px-4 py-2">
          <h2 className="font-semibold">{title}</h2>
          {actions}
        </header>
      ) : null}
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  )
}

/** The page's heading, which is its title in the browser too. */
export function PageHead({ title, note, children }: { title: string; note?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Stoa admin`
  }, [title])
  return (
    <div className="mb-5 flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
      <div className="min-w-0">
        <h1 className="break-words text-[1.375rem] font-semibold leading-tight tracking-tight">{title}</h1>
        {note ? <p className="mt-0.5 text-sm text-soft">{note}</p> : null}
      </div>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </div>
  )
}

const good = 'bg-good-ground text-good'
const warn = 'bg-warn-ground text-warn'
const danger = 'bg-danger-ground text-danger'
const accent = 'bg-accent-ground text-accent'
const plain = 'bg-ground text-soft'
const tones: Readonly<Record<string, string>> = {
  placed: accent,
  authorized: accent,
  kept: accent,
  captured: good,
  fulfilled: good,
  active: good,
  done: good,
  sent: good,
  awaiting_payment: warn,
  requires_action: warn,
  processing: warn,
  running: warn,
  uploading: warn,
  pending: warn,
  declined: danger,
  failed: danger,
  locked: danger,
}

/** A state in a word: never by color alone. */
export function Badge({ state }: { state: string }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded-full px-2 py-0.5 text-[0.8125rem] font-medium ${tones[state] ?? plain}`}
    >
      <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />
      {state.replaceAll('_', ' ')}
    </span>
  )
}

const noticeTones = { danger, good, warn } as const

export function Notice({ tone = 'danger', children }: { tone?: keyof typeof noticeTones; children: ReactNode }) {
  return (
    <div
      role={tone === 'danger' ? 'alert' : 'status'}
      className={`rounded-lg px-3.5 py-2.5 text-sm ${noticeTones[tone]}`}
    >
      {children}
    </div>
  )
}

export function Loading() {
  return (
    <p role="status" className="px-4 py-8 text-center text-soft">
      Loading …
    </p>
  )
}

export function Progress({ label, value }: { label: string; value: number }) {
  return (
    <label className="flex max-w-md flex-col gap-1 text-sm">
      {label}
      <progress
        value={value}
        max={1}
        className="h-2 w-full accent-accent"
        aria-valuetext={`${Math.round(value * 100)} %`}
      />
    </label>
  )
}

export const linkClass = 'underline decoration-edge underline-offset-3 hover:decoration-current'

export const when = (time: string | null): string =>
  time === null
    ? '–'
    : new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))
