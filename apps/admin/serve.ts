import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { Logger } from 'pino'
import type { EdgeApp } from '../../kernel/edge.ts'
import type { ShopFacts } from '../../kernel/service.ts'
import { buildAdmin, bundleFolder } from './build.ts'

/**
 * Scripts come from this shop only. Styles may be inline: mails are shown in sandboxed frames, which inherit this policy and
 * carry their styles as mails do.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: https:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A file name with a digest in it never changes its content. */
const assetSeconds = 31_536_000

/** The staff's web app under `/admin`: static files, and the same page for every address below. */
export function adminApp(options: {
  shop: ShopFacts
  log: Logger
  /** Makes the bundle; another one in tests. */
  build?: () => Promise<unknown>
}): EdgeApp {
  let failure: string | null = null
  let built = false
  // The shop sells meanwhile: whoever opens the admin in these seconds is told to wait.
  const building = (options.build ?? buildAdmin)().then(
    () => {
      built = true
    },
    (error: Error) => {
      failure = error.message
      options.log.error({ err: error }, 'the admin could not be built')
    },
  )
  return async (app) => {
    await app.register(fastifyStatic, {
      root: join(bundleFolder, 'assets'),
      serve: false,
      immutable: true,
      preCompressed: true,
      maxAge: assetSeconds * 1_000,
      index: false,
    })
    // Who runs the shop has to see what goes on when most is asked of it.
    const config = { importance: 'account' } as const
    app.get<{ Params: { '*': string } }>('/admin/assets/*', { config }, async ({ params }, reply) =>
      reply.sendFile(params['*']),
    )
    const page = async (): Promise<string> => {
      if (!built && failure === null) await Promise.race([building, new Promise((resolve) => setTimeout(resolve, 500))])
      return built ? readFile(join(bundleFolder, 'index.html'), 'utf8') : waitingPage(failure)
    }
    for (const url of ['/admin', '/admin/*']) {
      app.get(url, { config }, async (_, reply) =>
        reply
          .type('text/html; charset=utf-8')
          .header('content-security-policy', policy)
          .header('referrer-policy', 'no-referrer')
          .header('cache-control', 'no-store')
          .send(await page()),
      )
    }
  }
}

const waitingPage = (failure: string | null): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Stoa admin</title>
${failure === null ? '<meta http-equiv="refresh" content="1">' : ''}
<style>body{font:17px/1.6 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0;padding:0 20px}</style></head>
<body><main><h1>${failure === null ? 'The admin is being built' : 'The admin could not be built'}</h1>
<p>${failure === null ? 'This takes some seconds at the first start; the page opens by itself.' : 'The log says why. The shop itself sells.'}</p></main></body></html>`
