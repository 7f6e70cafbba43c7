/** Edits between two words at most: more is another word. */
const editsAtMost = (word: string): number => (word.length <= 4 ? 1 : 2)

/**
 * The candidate that `word` most likely was meant to be, or null when none is near: fewest edits first, then the order in
 * which candidates are given.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: { readonly word: string; readonly edits: number } | null = null
  for (const candidate of candidates) {
    const edits = editsBetween(word, candidate)
    if (edits <= editsAtMost(word) && (best === null || edits < best.edits)) best = { word: candidate, edits }
  }
  return best?.word ?? null
}

/**
 * Letters to insert, delete, replace or swap with their neighbor to make one word of the other (optimal string alignment:
 * Damerau 1964, Levenshtein 1966).
 */
export function editsBetween(one: string, other: string): number {
  const a = [...one]
  const b = [...other]
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
