/** Markup that is safe to send: made by `html` only, which escapes every value that is not markup itself. */
export type Html = { readonly markup: string }

type Value = Html | string | number | null | false | readonly Html[]

export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: String.raw({ raw: strings }, ...values.map(render)) }
}

function render(value: Value): string {
  if (value === null || value === false) return ''
  if (typeof value === 'object') return 'markup' in value ? value.markup : value.map((one) => one.markup).join('')
  return `${value}`.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
