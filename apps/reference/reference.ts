import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { EdgeApp } from '#kernel/edge'
import type { ShopFacts } from '#kernel/service'

/** Swagger UI's own files, by the name under which they are served. */
const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

/** The API reference at `/api/docs`: Swagger UI over `/api/openapi.json`, nothing loaded from elsewhere. */
export function apiReference(options: { shop: ShopFacts }): EdgeApp {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return async (app) => {
    for (const [name, type] of Object.entries(assets)) {
      app.get(`/api/docs/${name}`, async (_, reply) =>
        reply
          .type(type)
          .header('cache-control', 'public, max-age=3600')
          .send(await readFile(join(folder, name))),
      )
    }
    app.get('/api/docs', async (_, reply) => {
      const nonce = randomBytes(16).toString('base64')
      return reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .header(
          'content-security-policy',
          // Swagger UI writes style attributes and draws its arrows from data addresses; scripts run by nonce only.
          `default-src 'self'; script-src 'nonce-${nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'`,
        )
        .send(page(options.shop.name, nonce))
    })
  }
}

const page = (shopName: string, nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of ${escapeHtml(shopName)}</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script nonce="${nonce}" src="/api/docs/swagger-ui-bundle.js"></script>
<script nonce="${nonce}">
SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#reference', deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0, tryItOutEnabled: true, validatorUrl: null })
</script>
</body>
</html>
`
