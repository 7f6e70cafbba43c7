import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; boolValue?: boolean; intValue?: number | string; doubleValue?: number }

/** A span as it came over the wire. */
export type ReceivedSpan = {
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of a trace. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>
  /** `service.name` of the process that it comes from. */
  readonly process: string
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** The other end of OTLP over HTTP, in JSON: keeps what it is sent. */
export async function startCollector() {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString()
    bodies.push(body)
    if (request.url === '/v1/traces') spans.push(...readTraces(JSON.parse(body)))
    response.setHeader('content-type', 'application/json').end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    /** All that was sent, as it was sent. */
    text: () => bodies.join('\n'),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Attribute = { key: string; value: Value }
type Request = {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: {
      spans: (Omit<ReceivedSpan, 'attributes' | 'parentSpanId' | 'links'> & {
        parentSpanId?: string
        attributes?: Attribute[]
        links?: ReceivedSpan['links']
      })[]
    }[]
  }[]
}

function readTraces({ resourceSpans }: Request): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        parentSpanId: span.parentSpanId ?? '',
        attributes: readAttributes(span.attributes ?? []),
        links: span.links ?? [],
        process: String(readAttributes(resource.attributes)['service.name']),
      })),
    ),
  )
}

const readAttributes = (attributes: readonly Attribute[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  )
