import type { Problems, Typed } from '../views.ts'

export type FieldProps = {
  readonly name: string
  readonly label: string
  readonly typed: Typed
  readonly problems: Problems
  readonly type?: 'text' | 'email' | 'password' | 'tel' | 'number'
  readonly autocomplete?: string
  readonly inputMode?: 'numeric' | 'text' | 'email' | 'tel'
  readonly isOptional?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly hint?: string
  readonly form?: string
}

export const fieldId = (name: string): string => name.replace(/[^\w-]/g, '-')

/** A text field with its label, what was typed, and what is wrong with it. */
export function Field(props: FieldProps) {
  const { name, label, typed, problems, type = 'text', isOptional = false, hint } = props
  const id = fieldId(name)
  const problem = problems[name]
  const described = [problem ? `${id}-problem` : '', hint ? `${id}-hint` : ''].filter(Boolean).join(' ')
  return (
    <p class={problem ? 'field field-wrong' : 'field'}>
      <label for={id}>
        {label} {isOptional && <span class="optional">optional</span>}
      </label>
      <input
        id={id}
        name={name}
        type={type as 'text'}
        value={type === 'password' ? undefined : (typed[name] ?? '')}
        required={!isOptional}
        autocomplete={props.autocomplete}
        inputMode={props.inputMode}
        maxLength={props.maxLength}
        minLength={props.minLength}
        form={props.form}
        aria-invalid={problem ? 'true' : undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <small class="hint" id={`${id}-hint`}>
          {hint}
        </small>
      )}
      {problem && (
        <small class="problem" id={`${id}-problem`}>
          {problem}
        </small>
      )}
    </p>
  )
}

export function Select({
  name,
  label,
  typed,
  problems,
  options,
  autocomplete,
}: Pick<FieldProps, 'name' | 'label' | 'typed' | 'problems' | 'autocomplete'> & {
  options: readonly { readonly value: string; readonly label: string }[]
}) {
  const id = fieldId(name)
  const problem = problems[name]
  return (
    <p class={problem ? 'field field-wrong' : 'field'}>
      <label for={id}>{label}</label>
      <select
        id={id}
        name={name}
        required
        autocomplete={autocomplete}
        aria-invalid={problem ? 'true' : undefined}
        aria-describedby={problem ? `${id}-problem` : undefined}
      >
        {options.map((option) => (
          <option value={option.value} selected={option.value === typed[name]}>
            {option.label}
          </option>
        ))}
      </select>
      {problem && (
        <small class="problem" id={`${id}-problem`}>
          {problem}
        </small>
      )}
    </p>
  )
}

/** What concerns a form as a whole; focused when the page arrives, so that it is read first. */
export function FormProblem({ problems, fallback }: { problems: Problems; fallback?: string }) {
  const count = Object.keys(problems).length
  if (count === 0) return null
  const message =
    problems[''] ??
    fallback ??
    (count === 1 ? 'One thing needs your attention.' : `${count} things need your attention.`)
  return (
    <p class="alert" role="alert" tabIndex={-1} data-focus>
      {message}
    </p>
  )
}
