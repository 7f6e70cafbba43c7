import { type Html, html } from './html.ts'

export type Page = {
  readonly title: string
  readonly body: Html
  /** Drives the page's width: a form, a table, or a frame in somebody else's page. */
  readonly kind: 'form' | 'table' | 'frame'
  readonly theme?: 'light' | 'dark'
  readonly script?: boolean
  /** Data attributes for the script. */
  readonly origin?: string
}

/** A whole page, the sandbox plainly said on each. */
export function layout(page: Page): string {
  return html`<!doctype html>
<html lang="en"${page.theme ? html` data-theme="${page.theme}"` : null}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${page.title}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
${page.script ? html`<script src="/assets/card.js" defer></script>` : null}
</head>
<body class="${page.kind}"${page.origin ? html` data-origin="${page.origin}"` : null}>
${page.kind === 'frame' ? null : banner}
${page.body}
</body>
</html>`.markup
}

const banner = html`<header class="banner">
<a class="wordmark" href="/"><svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M4 9.5 12 4l8 5.5M5.5 19.5v-8M10 19.5v-8M14 19.5v-8M18.5 19.5v-8M4 20h16" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>Sandbox<span class="light">payments</span></a>
<span class="pill">Test mode: no real money</span>
</header>`

export function messagePage(title: string, text: string, link?: { href: string; label: string }): string {
  return layout({
    title,
    kind: 'form',
    body: html`<main class="panel message"><h1>${title}</h1><p class="muted">${text}</p>
${link ? html`<p><a class="button" href="${link.href}">${link.label}</a></p>` : null}</main>`,
  })
}
