import { hash, verify } from '@node-rs/argon2'

/**
 * Argon2id as OWASP's Application Security Verification Standard lists it (appendix C): 46 MiB, one pass. Raised over
 * time; hashes of older parameters are made anew at the next sign-in.
 */
// Algorithm 2 is Argon2id; the package's name for it is an ambient const enum, which type stripping cannot read.
const parameters = { algorithm: 2, memoryCost: 47_104, timeCost: 1, parallelism: 1 } as const

/** Hashes at once: each takes 46 MiB, so without a ceiling a burst of sign-ins could take the machine's memory. */
const hashesAtOnce = 4

let running = 0
const waiting: (() => void)[] = []

async function inTurn<R>(work: () => Promise<R>): Promise<R> {
  if (running >= hashesAtOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  running += 1
  try {
    return await work()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}

export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(password, parameters))

export const verifyPassword = (stored: string, password: string): Promise<boolean> =>
  inTurn(() => verify(stored, password))

/** Whether a stored hash was made with weaker parameters than today's. */
export const isOutdated = (stored: string): boolean =>
  !stored.startsWith(`$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`)

/** Rows of keyboards and the alphabets, forwards; people type them to reach a length. */
const runs = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
]

/** Words that long guessable passwords are made of, from the heads of published leak lists. */
const common = [
  'password',
  'passwort',
  'letmein',
  'welcome',
  'iloveyou',
  'admin',
  'administrator',
  'qwerty',
  'monkey',
  'dragon',
  'football',
  'sunshine',
  'princess',
  'superman',
  'master',
  'login',
  'changeme',
  'secret',
  'stoa',
  'shop',
]

/** What is left after the guessable parts are taken out must still be longer than this. */
const restAtLeast = 6

/**
 * Whether a password of sufficient length is one that attackers try early (NIST SP 800-63B-4, 3.1.1.2): a repeated
 * piece, a run of the keyboard, common words, or the person's own e-mail address or name with a little added.
 */
export function isGuessable(password: string, known: { email: string; name: string }): boolean {
  let rest = password.toLowerCase().normalize('NFKC')
  const [local = '', domain = ''] = known.email.toLowerCase().split('@')
  const words = [local, domain, ...domain.split('.'), ...known.name.toLowerCase().split(/\s+/), ...common]
  for (const word of words.filter((one) => one.length >= 4).sort((a, b) => b.length - a.length))
    rest = rest.replaceAll(word, '')
  for (const run of runs) rest = withoutRuns(rest, run)
  rest = rest.replace(/[^\p{L}\p{N}]/gu, '').replace(/\d{1,4}$/, '')
  return new Set(rest).size < restAtLeast || isRepetition(rest)
}

/** Removes stretches of four or more characters that follow each other in `run`, in either direction. */
function withoutRuns(text: string, run: string): string {
  const backwards = [...run].reverse().join('')
  let kept = ''
  let at = 0
  while (at < text.length) {
    let length = 4
    while (at + length <= text.length && [run, backwards].some((one) => one.includes(text.slice(at, at + length))))
      length += 1
    const found = length - 1
    if (found >= 4) at += found
    else {
      kept += text[at]
      at += 1
    }
  }
  return kept
}

/** Whether text is one short piece again and again. */
function isRepetition(text: string): boolean {
  for (let size = 1; size <= Math.min(6, text.length / 2); size++) {
    if (
      text
        .slice(0, size)
        .repeat(Math.ceil(text.length / size))
        .slice(0, text.length) === text
    )
      return true
  }
  return false
}
