import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Admission, createAdmission } from '#kernel/admission'
import { type Importance, importances } from '#kernel/call'
import { sharedAnswers } from '#kernel/shared-answers'
import { openTestEdge } from './test-edge.ts'

/** An admission in a process where everybody waits `waitMs` for a connection, and how to change that. */
function admissionWith(waitMs: number) {
  let now = waitMs
  const admission = createAdmission(() => [now])
  return {
    admission,
    waitFor: (ms: number): void => {
      now = ms
    },
  }
}

/** Until as few as possible run beside each other. */
async function untilFewSeats(admission: Admission): Promise<void> {
  const deadline = Date.now() + 30_000
  while (admission.state().seats > 96 && Date.now() < deadline) await pause(20)
  assert.equal(admission.state().seats, 96)
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
      return 'turned away'
    },
  )
  return told
}

const visits = (admission: Admission, importance: Importance, count: number): Told[] =>
  Array.from({ length: count }, () => visit(admission, importance))
/** Until the next wave has gone in, and this one with it. */
async function untilSeated(told: Told | undefined): Promise<void> {
  const deadline = Date.now() + 10_000
  while (told?.became === 'waiting' && Date.now() < deadline) await pause(5)
  assert.equal(told?.became, 'seated')
}
const count = (told: readonly Told[], became: Told['became']): number =>
  told.filter((one) => one.became === became).length

test('what is needed least finds the fewest seats, and some are for checkout only', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const became = (importance: Importance, howMany: number) => {
    const told = visits(admission, importance, howMany)
    return [count(told, 'seated'), count(told, 'waiting'), count(told, 'turned away')]
  }
  assert.deepEqual(became('browsing', 122), [48, 69, 5])
  assert.deepEqual(became('background', 1), [0, 0, 1])
  // Whoever buys does not wait because of others who look.
  assert.deepEqual(became('cart', 24), [24, 0, 0])
  // How many of them may wait follows how many were seated lately.
  const [seated, waiting = 0, turnedAway = 0] = became('checkout', 900)
  assert.equal(seated, 24)
  assert.ok(waiting >= 512 && turnedAway > 0, `${waiting} wait, ${turnedAway} are turned away`)
  const state = admission.state()
  assert.deepEqual({ running: state.running, waiting: state.waiting }, { running: 96, waiting: 69 + waiting })
  assert.deepEqual(state.turnedAway, { checkout: turnedAway, cart: 0, account: 0, browsing: 5, background: 1 })
})

test('seats that get free go to whoever is needed most, and then to whoever came first', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const [first, second] = visits(admission, 'cart', 72)
  const [browsing, account, cart, later] = (['browsing', 'account', 'cart', 'cart'] as const).map((one) =>
    visit(admission, one),
  )
  const became = () => [browsing, account, cart, later].map((one) => one?.became)
  assert.deepEqual(became(), ['waiting', 'waiting', 'waiting', 'waiting'])
  first?.leave()
  await untilSeated(cart)
  assert.deepEqual(became(), ['waiting', 'waiting', 'seated', 'waiting'])
  // Who left by themselves is not seated, and leaving twice frees one seat only.
  later?.leave()
  second?.leave()
  second?.leave()
  await untilSeated(account)
  assert.deepEqual(became(), ['waiting', 'seated', 'seated', 'waiting'])
  assert.deepEqual([admission.state().running, admission.state().waiting], [72, 1])
})

test('while one who buys waits, those who buy go in together', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const running = visits(admission, 'cart', 72)
  const cart = visit(admission, 'cart')
  for (const { leave } of running.slice(0, 30)) leave()
  // There are seats for all of them, and for none alone.
  const wave = [cart, ...visits(admission, 'checkout', 10), ...visits(admission, 'cart', 4)]
  assert.equal(count(wave, 'waiting'), 15)
  await untilSeated(cart)
  assert.equal(count(wave, 'seated'), 15)
  // And from then on each at once.
  assert.equal(visit(admission, 'cart').became, 'seated')
})

test('who waits longer than it is worth is turned away', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  visits(admission, 'cart', 72)
  const [first, ...others] = visits(admission, 'background', 12)
  assert.equal(first?.became, 'waiting')
  const deadline = Date.now() + 10_000
  while (first?.became === 'waiting' && Date.now() < deadline) await pause(5)
  assert.deepEqual([first?.became, count(others, 'turned away')], ['turned away', 11])
})

test('shoppers are served from when they come until a moment after they have left; who else is served is none', async (t) => {
  const { admission } = admissionWith(0)
  t.after(() => admission.close())
  for (const importance of ['account', 'background'] as const) {
    const { leave } = visit(admission, importance)
    assert.equal(admission.servesShoppers(), false, importance)
    leave()
  }
  for (const importance of ['browsing', 'cart', 'checkout'] as const) {
    const { leave } = visit(admission, importance)
    await pause(1_050)
    assert.equal(admission.servesShoppers(), true, `${importance} goes on`)
    leave()
    assert.equal(admission.servesShoppers(), true, `${importance} has just left`)
    await pause(1_050)
    assert.equal(admission.servesShoppers(), false, `${importance} has left`)
  }
})

test('nobody waits while others are turned away who would go in first', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  visits(admission, 'cart', 72)
  const before = visit(admission, 'browsing')
  assert.equal(before.became, 'waiting')
  const since = performance.now()
  assert.ok(count(visits(admission, 'cart', 400), 'turned away') > 0)
  assert.equal(visit(admission, 'browsing').became, 'turned away')
  while (before.became === 'waiting') await pause(5)
  const waitedMs = performance.now() - since
  assert.equal(before.became, 'turned away')
  assert.ok(waitedMs < 800, `${waitedMs} ms`)
})

test('a rush finds room to wait; while more keep coming, who is turned away is told at once', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const running = visits(admission, 'browsing', 48)
  const rush = visits(admission, 'browsing', 80)
  assert.deepEqual([count(rush, 'waiting'), count(rush, 'turned away')], [69, 11])

  // A hundred a second are seated, five times as many come.
  const seatOne = setInterval(() => {
    const first = [...running, ...rush, ...more].find(({ became }) => became === 'seated')
    if (first) first.became = 'waiting'
    first?.leave()
  }, 10)
  const more: Told[] = []
  const wasWaiting: Told[] = []
  const come = setInterval(() => {
    const five = visits(admission, 'browsing', 5)
    wasWaiting.push(...five.filter(({ became }) => became === 'waiting'))
    more.push(...five)
  }, 10)
  t.after(() => [seatOne, come].forEach(clearInterval))
  await pause(3_000)
  // Not more than go in with the next wave.
  assert.ok(admission.state().waiting <= 20, `${admission.state().waiting} wait`)
  const wasSeated = wasWaiting.filter(({ became }) => became !== 'turned away').length
  assert.ok(more.length > 500 && wasSeated > wasWaiting.length * 0.9, `${wasSeated} of ${wasWaiting.length}`)
})

test('room for a rush comes back while nobody is without a seat', async (t) => {
  const { admission } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  const waiting = (): number => {
    const told = visits(admission, 'browsing', 128)
    const they = count(told, 'waiting')
    for (const { leave } of told) leave()
    return they
  }
  assert.deepEqual([waiting(), waiting()], [69, 5])
  const deadline = Date.now() + 30_000
  let now = 0
  while (now < 66 && Date.now() < deadline) {
    await pause(2_500)
    now = waiting()
  }
  assert.equal(now, 66)
})

test('where nobody has to wait, there are as many seats as before', async (t) => {
  const { admission, waitFor } = admissionWith(50)
  t.after(() => admission.close())
  await untilFewSeats(admission)
  waitFor(0)
  const deadline = Date.now() + 30_000
  while (admission.state().seats < 128 && Date.now() < deadline) await pause(50)
  assert.equal(admission.state().seats, 128)
  assert.equal(count(visits(admission, 'browsing', 64), 'seated'), 64)
})

test('turned away at the door: a problem for programs, a page for people, and nothing was done', async (t) => {
  const { admission } = admissionWith(50)
  const answers = sharedAnswers()
  let done = 0
  const url = await openTestEdge(t, {
    admission,
    answers,
    shopName: 'A & B',
    app: async (app) => {
      for (const importance of importances) {
        app.all(`/api/${importance}`, { config: { importance } }, async () => {
          done += 1
          return { done: importance }
        })
      }
      app.get('/page', async () => 'a page')
      app.get('/asked-by-many', { config: { sharedKey: () => 'asked by many' } }, async () => {
        await pause(100)
        return 'made for all'
      })
      const sharedKey = ({ cookies }: { cookies: Readonly<Record<string, string | undefined>> }) =>
        `kept for ${cookies.who}`
      app.get('/shared', { config: { sharedKey } }, async (request, reply) =>
        (await answers.send(request, reply, sharedKey(request))) ? reply : 'made',
      )
    },
  })
  await untilFewSeats(admission)
  let turnedAway = 0
  /** While all seats and places are taken. */
  const askInVain = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const told = visits(admission, 'browsing', 600)
    const answer = await fetch(url + path, init)
    turnedAway += count(told, 'turned away') + (answer.status === 503 ? 1 : 0)
    for (const one of told) one.leave()
    return answer
  }
  const answer = await askInVain('/api/browsing', { method: 'POST', body: 'not read' })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  const seconds = Number(answer.headers.get('retry-after'))
  assert.ok(seconds >= 1 && seconds <= 4, `${seconds}`)
  const { type, traceId } = (await answer.json()) as { type: string; traceId: string }
  assert.equal(type, '/problems/overloaded')
  assert.match(traceId, /^[0-9a-f]{32}$/)

  const page = await askInVain('/page')
  assert.equal(page.status, 503)
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.ok(page.headers.get('retry-after'))
  assert.match(await page.text(), /<h1>A &amp; B is very busy just now<\/h1>/)

  // What is the same for everybody is sent as it is kept, which costs no more; what is not is made for one who asks, so that it is.
  const asked = await Promise.all(Array.from({ length: 5 }, () => askInVain('/asked-by-many')))
  assert.deepEqual(asked.map(({ status }) => status).sort(), [200, 503, 503, 503, 503])
  const shared = (who: string) => askInVain('/shared/', { headers: { cookie: `a=b; who=${who}` } })
  assert.equal(await (await shared('ada')).text(), 'made')
  answers.keeper('kept for ada')({ body: 'kept', headers: {} })
  assert.equal(await (await shared('ada')).text(), 'kept')
  assert.equal(await (await shared('bob')).text(), 'made')

  assert.equal((await askInVain('/health/live')).status, 200)
  assert.equal(done, 0)
  assert.equal((await askInVain('/api/checkout')).status, 200)
  assert.equal((await fetch(`${url}/api/browsing`)).status, 200)
  assert.equal(done, 2)
  assert.equal(admission.state().running, 0)

  // Who is turned away is counted with who is served, by what was asked for and not by its address; who is let in without a seat is not.
  assert.equal((await askInVain('/nothing/here')).status, 503)
  assert.equal(admission.state().turnedAway.browsing, turnedAway)
  const seen = await (await fetch(`${url}/metrics`)).text()
  for (const [method, route, status, count] of [
    ['POST', '/api/browsing', 503, 1],
    ['GET', '/api/browsing', 200, 1],
    ['GET', '/shared', 200, 3],
    ['GET', '/asked-by-many', 503, 4],
    ['GET', 'unknown', 503, 1],
  ])
    assert.match(seen, new RegExp(`_count\\{method="${method}",route="${route}",status="${status}"\\} ${count}\\n`))
  assert.match(seen, /in_flight[^ ]* 0\n/)
})

test('an event loop that lets everybody wait takes seats away', async (t) => {
  const admission = createAdmission()
  t.after(() => admission.close())
  for (let turn = 0; turn < 4; turn++) {
    const until = performance.now() + 150
    while (performance.now() < until);
    await pause(1)
  }
  assert.ok(admission.state().seats < 128, JSON.stringify(admission.state()))
})
