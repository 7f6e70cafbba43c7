import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core'

/** Where distributions put a Chromium; tried where the libraries that the package's own wants are missing. */
const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** Without a sandbox, because tests run as root in containers. The package's own arguments turn the same-origin policy off. */
const args = ['--no-sandbox']

/** Another test file may be unpacking the same Chromium at this moment, and half a program does not run. */
const unpackingMs = 15_000
const againMs = 250

/**
 * A Chromium for tests, or null where none starts: then say `skip: noBrowser(browser)`. With `STOA_REQUIRE_PEERS=1`, as in
 * CI, it throws instead.
 */
export async function launchBrowser(): Promise<Browser | null> {
  const failures: string[] = []
  for (const executable of [
    () => chromium.executablePath(),
    ...installed.filter(existsSync).map((path) => () => path),
  ]) {
    try {
      return await launch(executable)
    } catch (error) {
      failures.push((error as Error).message)
    }
  }
  if (process.env.STOA_REQUIRE_PEERS === '1') throw new Error(`no Chromium starts here:\n${failures.join('\n')}`)
  return null
}

export const noBrowser = (browser: Browser | null): string | false =>
  browser === null && 'no Chromium starts on this machine (install one, or the libraries that it wants)'

async function launch(executable: () => string | Promise<string>): Promise<Browser> {
  const deadline = Date.now() + unpackingMs
  for (;;) {
    try {
      return await playwright.launch({ executablePath: await executable(), args })
    } catch (error) {
      if (Date.now() > deadline || !/ETXTBSY|ENOEXEC|EEXIST/.test(String(error))) throw error
      await pause(againMs)
    }
  }
}

/** How long a page of a shop on a busy machine may keep a test waiting for anything. */
const patienceMs = 45_000

/**
 * A page of a browser profile of its own, for the length of a test. The test fails on every error that a script throws, or
 * that the browser writes to its console, unless it matches `expected`.
 */
export async function visitor(
  t: TestContext,
  browser: Browser,
  { expected, ...options }: BrowserContextOptions & { expected?: RegExp } = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(patienceMs)
  const errors: string[] = []
  const note = (text: string): void => {
    if (!expected?.test(text)) errors.push(text)
  }
  context.on('weberror', (error) => note(error.error().stack ?? String(error.error())))
  context.on('console', (message) => {
    if (message.type() === 'error') note(`${message.text()} (${message.location().url})`)
  })
  t.after(async () => {
    await context.close()
    assert.deepEqual(errors, [], 'errors in the browser')
  })
  return context.newPage()
}
