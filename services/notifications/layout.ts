/** Text for HTML: everything in a mail that comes from elsewhere passes through here. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** One line for a header: whoever wrote a name must not add headers of their own. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()

/** HTML that is safe as it stands: made by `html` or escaped. */
export type Markup = { readonly markup: string }

/** Builds HTML; values are escaped unless they are markup themselves. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const shown = (value: string | number | Markup | readonly Markup[]): string => {
    if (typeof value === 'object') return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
    return escapeHtml(String(value))
  }
  return {
    markup: strings.reduce(
      (all, part, index) => all + part + (index < values.length ? shown(values[index] as string) : ''),
      '',
    ),
  }
}

export const nothing: Markup = { markup: '' }

export const button = (label: string, url: string): Markup =>
  html`<p style="margin:28px 0"><a href="${url}" style="background:#23302b;border-radius:8px;color:#ffffff;display:inline-block;font-weight:600;padding:13px 22px;text-decoration:none">${label}</a></p>`

/** The frame of every mail: inline styles and a table, since mail programs know little else. */
export function page(options: { shopName: string; heading: string; body: Markup }): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${options.heading}</title></head>
<body style="background:#f4f1ea;color:#23302b;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.55;margin:0;padding:0">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="background:#ffffff;border-radius:14px;max-width:600px;text-align:left"><tr><td style="padding:36px 36px 28px">
<p style="color:#7a5c3e;font-size:14px;font-weight:600;letter-spacing:.14em;margin:0 0 22px;text-transform:uppercase">${options.shopName}</p>
<h1 style="font-family:Georgia,'Times New Roman',serif;font-size:26px;font-weight:600;line-height:1.25;margin:0 0 16px">${options.heading}</h1>
${options.body}
</td></tr></table>
</td></tr></table></body></html>`.markup
}
