import { Agent, request } from 'undici'
import { pictureBytesAtMost } from '../contract.ts'
import { ForbiddenAddress, guardedLookup, isPublicAddress, literalAddress, type Permit } from './public-address.ts'
import { pictureAddress } from './read-pictures.ts'

export type Fetched =
  | { readonly ok: true; readonly bytes: Buffer }
  /** `host`: the host did not answer; asking it again soon is no use. */
  | { readonly ok: false; readonly fault: 'address' | 'host' | 'answer' }

export type FetchPicture = (address: string) => Promise<Fetched>

/** A host that does not answer by then is not there: an import of thousands of pictures asks it as often. */
const connectTimeoutMs = 2_000
/** For all of it, redirects and the slowest byte included. */
const totalTimeoutMs = 10_000
const redirectsAtMost = 3
/** Where pictures are served. Other ports belong to other things. */
const usualPorts = ['', '80', '443']

/**
 * Makes a fetcher of pictures from addresses that somebody else wrote down. Only http and https, only the public internet,
 * judged by the address that is connected to at every step of a redirect; bounded in bytes and time.
 */
export function pictureFetcher(
  options: { readonly permit?: Permit; readonly ports?: readonly string[]; readonly timeoutMs?: number } = {},
): FetchPicture & { close(): Promise<void> } {
  const permit = options.permit ?? isPublicAddress
  const ports = options.ports ?? usualPorts
  const agent = new Agent({
    connections: 4,
    connect: { timeout: connectTimeoutMs, lookup: guardedLookup(permit) },
    headersTimeout: totalTimeoutMs,
    bodyTimeout: totalTimeoutMs,
  })

  const isAllowed = (url: URL): boolean => {
    const literal = literalAddress(url.hostname)
    return ports.includes(url.port) && (literal === null || permit(literal))
  }

  const fetchPicture = async (address: string): Promise<Fetched> => {
    const signal = AbortSignal.timeout(options.timeoutMs ?? totalTimeoutMs)
    let next = address
    try {
      for (let step = 0; step <= redirectsAtMost; step++) {
        const allowed = pictureAddress(next)
        if (allowed === null || !isAllowed(new URL(allowed))) return { ok: false, fault: 'address' }
        const { statusCode, headers, body } = await request(allowed, {
          dispatcher: agent,
          signal,
          // Nothing is unpacked, so nothing can be larger than it came.
          headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'Stoa' },
        })
        const { location } = headers
        if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
          await body.dump({ limit: 16_384 })
          next = new URL(location, allowed).href
          continue
        }
        if (statusCode !== 200) {
          await body.dump({ limit: 16_384 })
          return { ok: false, fault: statusCode >= 500 || statusCode === 429 ? 'host' : 'answer' }
        }
        if (Number(headers['content-length'] ?? 0) > pictureBytesAtMost) {
          body.destroy()
          return { ok: false, fault: 'answer' }
        }
        return await readBody(body)
      }
      return { ok: false, fault: 'answer' }
    } catch (error) {
      return { ok: false, fault: faultOf(error) }
    }
  }
  return Object.assign(fetchPicture, { close: () => agent.destroy() })
}

async function readBody(body: AsyncIterable<Buffer>): Promise<Fetched> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > pictureBytesAtMost) return { ok: false, fault: 'answer' }
    chunks.push(chunk)
  }
  return { ok: true, bytes: Buffer.concat(chunks) }
}

function faultOf(error: unknown): 'address' | 'host' {
  return error instanceof ForbiddenAddress || (error as Error).cause instanceof ForbiddenAddress ? 'address' : 'host'
}

/** Failures in a row after which a host is left alone for the rest of an import. */
const failuresToSkip = 3

/** Asks no host again that did not answer several times in a row. */
export function skippingDeadHosts(fetchPicture: FetchPicture): FetchPicture {
  const failures = new Map<string, number>()
  return async (address) => {
    const host = URL.canParse(address) ? new URL(address).host : ''
    if ((failures.get(host) ?? 0) >= failuresToSkip) return { ok: false, fault: 'host' }
    const fetched = await fetchPicture(address)
    const isDead = !fetched.ok && fetched.fault === 'host'
    failures.set(host, isDead ? (failures.get(host) ?? 0) + 1 : 0)
    return fetched
  }
}
