import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { pictureBytesAtMost } from '../contract.ts'
import { type Fetched, pictureFetcher, skippingDeadHosts } from './fetch-picture.ts'
import { ForbiddenAddress, guardedLookup, isPublicAddress } from './public-address.ts'

test('only addresses of the public internet are public', () => {
  const open = ['8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001:81c::200e']
  const closed = [
    ...[
      '127.0.0.1',
      '127.8.9.1',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
    ],
    ...[
      '100.64.0.1',
      '192.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.7',
      '203.0.113.9',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', 'fe80::1', 'fc00::1', 'fd12:3456::1', 'fec0::1', 'ff02::1', '2001:db8::1', '100::1'],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001:0:7f00:1::1',
    ],
    ...['', 'localhost', '8.8.8.8.example', '1.2.3'],
  ]
  for (const address of open) assert.equal(isPublicAddress(address), true, address)
  for (const address of closed) assert.equal(isPublicAddress(address), false, address)
})

describe('addresses that somebody else wrote down', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
    for (const server of servers) server.closeAllConnections()
  })
  let asked: string[] = []
  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer((request, response) => {
      asked.push(`${request.headers.host}${request.url}`)
      answer(request, response)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return String((server.address() as AddressInfo).port)
  }
  const fault = (fetched: Fetched) => (fetched.ok ? `${fetched.bytes.length} bytes` : fetched.fault)

  test('are not asked when they are not public, however they are written', async () => {
    asked = []
    const port = await serve((_, response) => response.end('secret'))
    const fetchPicture = pictureFetcher({ ports: [port, ''] })
    const hosts = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '[::]',
      'localhost',
      '169.254.169.254',
      '10.0.0.1',
      '[fd00:ec2::254]',
      '[64:ff9b::7f00:1]',
      '127.0.0.1.',
    ]
    for (const host of hosts)
      assert.equal(fault(await fetchPicture(`http://${host}:${port}/latest/meta-data/`)), 'address', host)
    assert.deepEqual(asked, [])
    await fetchPicture.close()
  })

  test('are of http and https, on the usual ports, without a user', async () => {
    const fetchPicture = pictureFetcher()
    for (const address of [
      'file:///etc/passwd',
      'ftp://example.com/x.jpg',
      'gopher://example.com/',
      'data:image/png;base64,AAAA',
      'javascript:1',
      'x.jpg',
      '',
      'http://8.8.8.8:22/',
      'https://8.8.8.8:6379/',
      'http://user:pass@8.8.8.8/',
      `https://8.8.8.8/${'x'.repeat(2_100)}`,
    ]) {
      assert.equal(fault(await fetchPicture(address)), 'address', address.slice(0, 40))
    }
    await fetchPicture.close()
  })

  test('are judged again at every step of a redirect', async () => {
    const inner = await serve((_, response) => response.end('secret'))
    const port = await serve((request, response) => {
      const to = decodeURIComponent((request.url ?? '').slice(1))
      response.writeHead(302, { location: to }).end()
    })
    asked = []
    const fetchPicture = pictureFetcher({ permit: (address) => address === '127.0.0.1', ports: [port, inner, ''] })
    const via = (to: string) => fetchPicture(`http://127.0.0.1:${port}/${encodeURIComponent(to)}`)
    assert.equal(fault(await via(`http://127.0.0.2:${inner}/`)), 'address')
    assert.equal(fault(await via(`http://[::1]:${inner}/`)), 'address')
    assert.equal(fault(await via('file:///etc/passwd')), 'address')
    assert.equal(fault(await via('http://127.0.0.1:22/')), 'address')
    assert.ok(asked.every((one) => one.startsWith(`127.0.0.1:${port}/`)))
    assert.equal(fault(await via(`http://127.0.0.1:${inner}/a.jpg`)), '6 bytes')
    const loop = pictureFetcher({ permit: () => true, ports: [port] })
    asked = []
    assert.equal(fault(await loop(`http://127.0.0.1:${port}/%2Floop`)), 'answer')
    assert.ok(asked.length <= 4)
    await Promise.all([fetchPicture.close(), loop.close()])
  })

  test('are connected to as they were judged: a name that answers differently the second time gains nothing', async () => {
    const answers: LookupAddress[][] = [
      [{ address: '93.184.216.34', family: 4 }],
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '93.184.216.34', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ],
      [],
    ]
    const lookup = guardedLookup(isPublicAddress, (_, __, callback) => callback(null, answers.shift() ?? []))
    const resolve = (all: boolean) =>
      new Promise<unknown>((done) => lookup('rebind.example', { all }, (error, found) => done(error ?? found)))
    assert.equal(await resolve(false), '93.184.216.34')
    for (const _ of [1, 2, 3]) assert.ok((await resolve(true)) instanceof ForbiddenAddress)
    const port = await serve((_, response) => response.end('secret'))
    asked = []
    const fetchPicture = pictureFetcher({ ports: [port] })
    assert.equal(fault(await fetchPicture(`http://localhost:${port}/`)), 'address', 'a name that leads home')
    assert.deepEqual(asked, [])
    await fetchPicture.close()
  })

  test('give a picture, within bytes and time', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/a.jpg') response.end(Buffer.alloc(1_000, 7))
      else if (request.url === '/said') response.writeHead(200, { 'content-length': pictureBytesAtMost + 1 }).write('x')
      else if (request.url === '/endless') {
        const more = (): void => {
          while (response.write(Buffer.alloc(64 * 1024)));
          response.once('drain', more)
        }
        more()
      } else if (request.url === '/slow') response.write('x')
      else if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.alloc(100))
      else response.writeHead(request.url === '/broken' ? 500 : 404).end()
    })
    const fetchPicture = pictureFetcher({ permit: () => true, ports: [port], timeoutMs: 1_500 })
    const get = async (path: string) => fault(await fetchPicture(`http://127.0.0.1:${port}${path}`))
    assert.equal(await get('/a.jpg'), '1000 bytes')
    assert.equal(await get('/said'), 'answer')
    assert.equal(await get('/endless'), 'answer')
    assert.equal(await get('/slow'), 'host')
    assert.equal(await get('/bomb'), '100 bytes', 'nothing is unpacked')
    assert.equal(await get('/none'), 'answer')
    assert.equal(await get('/broken'), 'host')
    await fetchPicture.close()
  })

  test('of a host that does not answer are not asked again and again', async () => {
    let calls = 0
    const answers: Record<string, Fetched> = {
      'dead.example': { ok: false, fault: 'host' },
      'alive.example': { ok: false, fault: 'answer' },
    }
    const fetchPicture = skippingDeadHosts(async (address) => {
      calls += 1
      return answers[new URL(address).host] ?? { ok: true, bytes: Buffer.alloc(1) }
    })
    for (let index = 0; index < 10; index++) await fetchPicture(`https://dead.example/${index}.jpg`)
    assert.equal(calls, 3)
    for (let index = 0; index < 10; index++) await fetchPicture(`https://alive.example/${index}.jpg`)
    assert.equal(calls, 13, 'one that answers, if only with a no, is asked on')
    assert.equal((await fetchPicture('https://other.example/a.jpg')).ok, true)
  })
})
