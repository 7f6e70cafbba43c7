import type { JWTPayload } from 'jose'

/**
 * What a service shows to another: a token signed with the shop's secret, for one service only, that is soon worth nothing. It
 * proves that whoever calls belongs to the shop; who of the shop it is, is for the log. Checked as RFC 8725 says: algorithm, type,
 * issuer, audience and time, and nothing is taken from the token's header.
 */
const algorithm = 'HS256'
const type = 'stoa-service+jwt'
const issuer = 'stoa'
/** Whoever reads one on the way can use it for so long, in seconds. */
const lifetimeSeconds = 60
/** Clocks of one machine room are less apart than this; what is further apart is learned. */
const toleranceSeconds = 5
/** Checked tokens that are remembered: each caller has one for a service, and a new one twice a minute. */
const rememberedAtMost = 500

const keyOf = (secret: string): Uint8Array => new TextEncoder().encode(secret)

export type TokenSigner = {
  /** A token that `audience` takes for a while yet. */
  for(audience: string): Promise<string>
  /** Another clock is the one that counts: signs for it from now on. */
  learnClock(audience: string, nowThere: number): void
}

/** @param caller named in the other side's log */
export function tokenSigner(secret: string, caller: string): TokenSigner {
  const tokens = new Map<string, { token: string; until: number }>()
  const offsets = new Map<string, number>()
  return {
    async for(audience) {
      const known = tokens.get(audience)
      if (known && performance.now() < known.until) return known.token
      const { SignJWT } = await import('jose')
      const now = Math.floor((Date.now() + (offsets.get(audience) ?? 0)) / 1_000)
      const token = await new SignJWT()
        .setProtectedHeader({ alg: algorithm, typ: type })
        .setIssuer(issuer)
        .setSubject(caller)
        .setAudience(audience)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(keyOf(secret))
      // Not by the clock, which may leap.
      tokens.set(audience, { token, until: performance.now() + (lifetimeSeconds * 1_000) / 2 })
      return token
    },
    learnClock(audience, nowThere) {
      offsets.set(audience, nowThere - Date.now())
      tokens.delete(audience)
    },
  }
}

/** Why a token was refused, for the log: the caller is told only whether its clock is wrong. */
export type TokenFault = 'missing' | 'forged' | 'expired' | 'audience'

export type TokenCheck = (header: string | undefined, audiences: readonly string[]) => Promise<TokenFault | null>

export function tokenCheck(secret: string): TokenCheck {
  const checked = new Map<string, JWTPayload>()
  const verify = async (token: string): Promise<JWTPayload | TokenFault> => {
    const known = checked.get(token)
    if (known && isNow(known)) return known
    checked.delete(token)
    const { jwtVerify } = await import('jose')
    const { payload } = await jwtVerify(token, keyOf(secret), {
      algorithms: [algorithm],
      typ: type,
      issuer,
      requiredClaims: ['aud', 'exp', 'iat'],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(),
    })
    // From the future: of a clock that is ahead, and it would live too long.
    if (!isNow(payload)) return 'expired'
    if (checked.size === rememberedAtMost) checked.clear()
    checked.set(token, payload)
    return payload
  }
  return async (header, audiences) => {
    const token = /^Bearer ([\w.-]+)$/.exec(header ?? '')?.[1]
    if (!token) return 'missing'
    const payload = await verify(token).catch((error: { code?: string }) =>
      error.code === 'ERR_JWT_EXPIRED' ? ('expired' as const) : ('forged' as const),
    )
    if (typeof payload === 'string') return payload
    return audiences.includes(String(payload.aud)) ? null : 'audience'
  }
}

function isNow({ iat = 0, exp = 0 }: JWTPayload): boolean {
  const now = Date.now() / 1_000
  return iat - toleranceSeconds <= now && now < exp + toleranceSeconds && exp - iat <= lifetimeSeconds
}
