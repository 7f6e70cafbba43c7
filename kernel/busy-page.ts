import { createHash } from 'node:crypto'

const style = `body{font:18px/1.6 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0;padding:0 20px}
main{max-width:32em}h1{font-size:1.5em;line-height:1.2}`

/** Nothing but its own style: it is sent when there is no time to draw anything. */
export const busyPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'`

/**
 * What a browser shows while the shop turns people away. It looks again by itself; what was to be sent by a form is not
 * sent again, since only the person knows whether it still should be.
 */
export function busyPage(shopName: string, retryAfterSeconds: number, looksAgain: boolean): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<title>Very busy just now</title>${looksAgain ? `<meta http-equiv="refresh" content="${retryAfterSeconds + 1}">` : ''}<style>${style}</style></head>
<body><main><h1>${escapeHtml(shopName)} is very busy just now</h1>
<p>${
    looksAgain
      ? 'More people are here than we can serve at once. This page tries again by itself in some seconds.'
      : 'More people are here than we can serve at once. What you sent was not done. Go back and send it once more in some seconds.'
  }</p></main></body></html>`
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
