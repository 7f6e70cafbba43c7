import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Admission, createAdmission } from '#kernel/admission'
import { type Importance, importances } from '#kernel/call'
import { createEdge } from '#kernel/edge'
import { createLog, createMetrics } from '#kernel/telemetry'

/** Keeps the event loop so busy that everybody waits. @returns what ends it */
function hogLoop(): () => void {
  const timer = setInterval(() => {
    const until = performance.now() + 30
    while (performance.now() < until);
  }, 1)
  return () => clearInterval(timer)
}

/** Until as few as possible run beside each other. */
async function untilFewSeats(admission: Admission): Promise<void> {
  const release = hogLoop()
  while (admission.state().seats > 16) await pause(1)
  release()
}

type Told = { readonly importance: Importance; became: 'waiting' | 'seated' | 'turned away'; leave: () => void }

function visit(admission: Admission, importance: Importance): Told {
  const told: Told = { importance, became: 'waiting', leave: () => undefined }
  told.leave = admission.enter(
    importance,
    () => {
      told.became = 'seated'
    },
    () => {
      told.became = 'turned away'
    },
  )
  return told
}

const visits = (admission: Admission, importance: Importance, count: number): Told[] =>
  Array.from({ length: count }, () => visit(admission, importance))
const count = (told: readonly Told[], became: Told['became']): number =>
  told.filter((one) => one.became === became).length

test('what is needed least finds the fewest seats, and checkout always finds one', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const browsing = visits(admission, 'browsing', 30)
  assert.deepEqual(
    [count(browsing, 'seated'), count(browsing, 'waiting'), count(browsing, 'turned away')],
    [12, 8, 10],
  )
  const cart = visits(admission, 'cart', 5)
  assert.deepEqual([count(cart, 'seated'), count(cart, 'waiting')], [4, 1])
  const checkout = visits(admission, 'checkout', 200)
  assert.equal(count(checkout, 'seated'), 200)
  const { running, waiting, turnedAway } = admission.state()
  assert.deepEqual({ running, waiting }, { running: 216, waiting: 9 })
  assert.deepEqual(turnedAway, { checkout: 0, cart: 0, account: 0, browsing: 10, background: 0 })
})

test('a seat that gets free goes to whoever is needed most, and then to whoever came first', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const [first] = visits(admission, 'cart', 16)
  const [browsing, account, cart, later] = (['browsing', 'account', 'cart', 'cart'] as const).map((one) =>
    visit(admission, one),
  )
  const became = () => [browsing, account, cart, later].map((one) => one?.became)
  assert.deepEqual(became(), ['waiting', 'waiting', 'waiting', 'waiting'])
  first?.leave()
  assert.deepEqual(became(), ['waiting', 'waiting', 'seated', 'waiting'])
  // Who left by themselves is not seated, and leaving twice frees one seat only.
  later?.leave()
  cart?.leave()
  cart?.leave()
  assert.deepEqual(became(), ['waiting', 'seated', 'seated', 'waiting'])
  assert.deepEqual([admission.state().running, admission.state().waiting], [16, 1])
})

test('who waits longer than it is worth is turned away', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const release = hogLoop()
  const cart = visits(admission, 'cart', 30)
  const browsing = visit(admission, 'browsing')
  await pause(1_500)
  release()
  assert.equal(browsing.became, 'turned away')
  assert.deepEqual([count(cart, 'seated'), count(cart, 'turned away')], [16, 14])
})

test('where nobody has to wait, there are more seats than anybody needs again', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const deadline = Date.now() + 30_000
  while (admission.state().seats < 512 && Date.now() < deadline) await pause(50)
  assert.equal(admission.state().seats, 512)
  assert.equal(count(visits(admission, 'browsing', 200), 'seated'), 200)
})

test('turned away at the door: a problem for programs, a page for people, and nothing was done', async (t) => {
  const admission = createAdmission()
  const log = createLog({ level: 'silent', redact: [] })
  let done = 0
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const edge = await createEdge({
    contracts: [],
    mesh: async () => {
      throw new Error('nobody is called')
    },
    authenticate: async () => ({ kind: 'anonymous' }),
    publicUrl: 'http://127.0.0.1',
    shopName: 'A & B',
    apps: [
      async (app) => {
        for (const importance of importances) {
          app.all(`/api/${importance}`, { config: { importance } }, async () => {
            done += 1
            await finished
            return { done: importance }
          })
        }
        app.get('/page', async () => 'a page')
      },
    ],
    openApi: () => ({}),
    isReady: async () => true,
    admission,
    trustedProxies: [],
    metrics: createMetrics(),
    log,
  })
  const url = await edge.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => {
    finish()
    await edge.close()
    admission.close()
  })
  const release = hogLoop()
  t.after(release)
  while (admission.state().seats > 16) await pause(1)
  const running = Array.from({ length: 40 }, () => fetch(`${url}/api/cart`))
  while (done < 16) await pause(1)
  const answer = await fetch(`${url}/api/browsing`, { method: 'POST', body: 'not read' })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  const seconds = Number(answer.headers.get('retry-after'))
  assert.ok(seconds >= 1 && seconds <= 4, `${seconds}`)
  const { type, traceId } = (await answer.json()) as { type: string; traceId: string }
  assert.equal(type, '/problems/overloaded')
  assert.match(traceId, /^[0-9a-f]{32}$/)

  const page = await fetch(`${url}/page`)
  assert.equal(page.status, 503)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.ok(page.headers.get('retry-after'))
  assert.match(await page.text(), /<h1>A &amp; B is very busy just now<\/h1>/)

  assert.equal((await fetch(`${url}/health/live`)).status, 200)
  finish()
  const statuses = await Promise.all(running.map(async (one) => (await one).status))
  assert.equal(statuses.filter((status) => status === 200).length, 16)
  assert.equal(done, 16)
})
