import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'

// What a process can do at most that only answers: the bytes that the shop gave, from `node:http` and from Fastify. They are ready, as
// the shop's own are: a text would be encoded for each request. Told over IPC what to answer; ends with who started it.

export type Answers = Readonly<Record<string, { readonly type: string; readonly body: string }>>
export type BareAddresses = { readonly node: string; readonly fastify: string }

async function serve(answers: Answers): Promise<BareAddresses> {
  const ready = new Map(
    Object.entries(answers).map(([path, { type, body }]) => [path, { type, body: Buffer.from(body) }]),
  )
  const node = createServer((request, response) => {
    const answer = ready.get(request.url ?? '')
    if (!answer) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': answer.type, 'content-length': answer.body.length })
    return response.end(answer.body)
  })
  await new Promise<void>((listening) => node.listen(0, '127.0.0.1', listening))
  const app = fastify()
  for (const [path, { type, body }] of ready) app.get(path, async (_, reply) => reply.type(type).send(body))
  return {
    node: `http://127.0.0.1:${(node.address() as AddressInfo).port}`,
    fastify: await app.listen({ port: 0, host: '127.0.0.1' }),
  }
}

process.on('message', (answers: Answers) => void serve(answers).then((addresses) => process.send?.(addresses)))
process.on('disconnect', () => process.exit(0))
