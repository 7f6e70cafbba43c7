import type {
  ButtonHTMLAttributes,
  InputHTMLAttributes,
  ReactNode,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from 'react'
import { useId } from 'react'

const kinds = {
  primary: 'bg-accent text-accent-ink border-transparent hover:opacity-90',
  plain: 'bg-sheet text-ink border-line hover:bg-ground',
  danger: 'bg-sheet text-danger border-line hover:bg-ground',
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
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg border px-3.5 py-1.5 text-sm font-medium disabled:cursor-default disabled:opacity-50 ${kinds[kind]} ${className}`}
    />
  )
}

const control =
  'w-full rounded-lg border border-line bg-sheet px-3 py-1.5 text-[15px] text-ink placeholder:text-soft aria-invalid:border-danger disabled:opacity-60'

type Labeled = { label: string; error?: string | undefined; hint?: string; hideLabel?: boolean }

/** A label, its control and what is wrong with it, tied together for screen readers. */
function Labels({ label, error, hint, hideLabel, id, children }: Labeled & { id: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-sm font-medium'}>
        {label}
      </label>
      {children}
      {hint && !error ? (
        <p id={`${id}-note`} className="text-sm text-soft">
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-note`} className="text-sm text-danger">
          {error}
        </p>
      ) : null}
    </div>
  )
}

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
    <Labels label={label} error={error} {...(hint ? { hint } : {})} hideLabel={hideLabel} id={id}>
      <input
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        {...rest}
        className={`${control} min-h-9 ${className}`}
      />
    </Labels>
  )
}

export function TextArea({ label, error, hint, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement> & Labeled) {
  const id = useId()
  return (
    <Labels label={label} error={error} {...(hint ? { hint } : {})} id={id}>
      <textarea
        id={id}
        rows={6}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        {...rest}
        className={control}
      />
    </Labels>
  )
}

export function Select({
  label,
  error,
  hideLabel = false,
  children,
  ...rest
}: SelectHTMLAttributes<HTMLSelectElement> & Labeled) {
  const id = useId()
  return (
    <Labels label={label} error={error} hideLabel={hideLabel} id={id}>
      <select id={id} {...rest} className={`${control} min-h-9`}>
        {children}
      </select>
    </Labels>
  )
}

export function Sheet({ title, actions, children }: { title?: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="rounded-xl border border-line bg-sheet">
      {title ? (
        <header className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-3">
          <h2 className="text-base font-semibold">{title}</h2>
          {actions}
        </header>
      ) : null}
      <div className="p-4">{children}</div>
    </section>
  )
}

export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mb-5 flex flex-wrap items-center justify-between gap-3">
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </div>
  )
}

const tones: Readonly<Record<string, string>> = {
  placed: 'text-accent',
  captured: 'text-good',
  authorized: 'text-accent',
  fulfilled: 'text-good',
  active: 'text-good',
  done: 'text-good',
  sent: 'text-good',
  awaiting_payment: 'text-warn',
  requires_action: 'text-warn',
  processing: 'text-warn',
  running: 'text-warn',
  pending: 'text-warn',
  draft: 'text-soft',
  canceled: 'text-soft',
  expired: 'text-soft',
  declined: 'text-danger',
  failed: 'text-danger',
}

/** A state in a word: never by color alone. */
export function Badge({ state }: { state: string }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded-full border border-line px-2.5 py-0.5 text-[13px] font-medium ${tones[state] ?? 'text-ink'}`}
    >
      <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />
      {state.replaceAll('_', ' ')}
    </span>
  )
}

export function Notice({ tone = 'danger', children }: { tone?: 'danger' | 'good' | 'warn'; children: ReactNode }) {
  const color = { danger: 'text-danger', good: 'text-good', warn: 'text-warn' }[tone]
  return (
    <div
      role={tone === 'danger' ? 'alert' : 'status'}
      className={`rounded-lg border border-line bg-sheet px-3.5 py-2.5 text-sm ${color}`}
    >
      {children}
    </div>
  )
}

export const when = (time: string | null): string =>
  time === null
    ? '–'
    : new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))
