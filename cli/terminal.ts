/** A line for the person at the terminal. The only place that writes to standard output. */
export const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** A line about what went wrong. */
export const complain = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

export type ProgressLine = {
  /** Names what is being done now. */
  readonly step: (text: string) => void
  readonly end: () => void
}

/** Shown only for what takes longer: most steps are over before anyone could read them. */
const quietMs = 400

/**
 * One line that says what is being done and for how long; on a terminal it is rewritten in place. On standard error, since
 * what a command answers may be read by a program.
 */
export function startProgress(): ProgressLine {
  const isTerminal = process.stderr.isTTY === true
  let current: { text: string; since: number } | null = null
  let shown = false
  const show = (): void => {
    if (!current) return
    const elapsedMs = Date.now() - current.since
    if (elapsedMs < quietMs) return
    if (isTerminal) process.stderr.write(`\r\x1b[2K${current.text} … ${(elapsedMs / 1_000).toFixed(1)} s`)
    else if (!shown) complain(`${current.text} …`)
    shown = true
  }
  const timer = setInterval(show, 100)
  timer.unref()
  const finish = (): void => {
    if (shown && isTerminal) process.stderr.write('\r\x1b[2K')
    shown = false
  }
  return {
    step(text) {
      finish()
      current = { text: text.charAt(0).toUpperCase() + text.slice(1), since: Date.now() }
    },
    end() {
      clearInterval(timer)
      finish()
      current = null
    },
  }
}
