/** What a page answered; `location` is the path of a redirect within the shop, or the whole address of one elsewhere. */
export type PageAnswer = {
  readonly status: number
  readonly headers: Headers
  readonly location: string
  readonly text: string
}

/** A browser without scripts: it keeps cookies, posts forms and follows nothing by itself. */
export type Browser = {
  get(path: string, headers?: Record<string, string>): Promise<PageAnswer>
  post(path: string, fields: Readonly<Record<string, string>>, headers?: Record<string, string>): Promise<PageAnswer>
}

export function browserAt(url: string): Browser {
  const cookies = new Map<string, string>()
  const ask = async (path: string, options: RequestInit): Promise<PageAnswer> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(path, url), {
      ...options,
      headers: { ...options.headers, ...(cookie ? { cookie } : {}) },
      redirect: 'manual',
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location') ?? ''
    return {
      status: response.status,
      headers: response.headers,
      location: location.startsWith(url) ? location.slice(url.length) : location,
      text: await response.text(),
    }
  }
  return {
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, fields, headers = {}) => ask(path, { method: 'POST', headers, body: new URLSearchParams(fields) }),
  }
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

/** The fields of the checkout form in a page, as a browser would send them: what is typed, hidden, chosen and checked. */
export function fieldsOf(page: string): Record<string, string> {
  const form = /<form id="checkout"[\s\S]*?<\/form>/.exec(page)?.[0] ?? ''
  const fields: Record<string, string> = {}
  const attribute = (tag: string, name: string): string | undefined =>
    new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replace(/&\w+;|&#39;/g, (entity) => entities[entity] ?? entity)
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name')
    const isChoice = /type="(?:radio|checkbox)"/.test(tag)
    if (name && (!isChoice || /\schecked/.test(tag))) fields[name] = attribute(tag, 'value') ?? ''
  }
  for (const [, name = '', options = ''] of form.matchAll(
    /<select\b[^>]*\sname="([^"]+)"[^>]*>([\s\S]*?)<\/select>/g,
  )) {
    const chosen = /<option\b[^>]*\sselected[^>]*>/.exec(options)?.[0] ?? /<option\b[^>]*>/.exec(options)?.[0]
    fields[name] = attribute(chosen ?? '', 'value') ?? ''
  }
  return fields
}
