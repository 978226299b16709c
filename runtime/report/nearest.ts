/** Edit distance in which exchanging two neighbours counts as one (restricted Damerau-Levenshtein). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The known word that `given` most probably stands for; null if none is close (more than a third of it differs). */
export function nearest(given: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bound = Math.floor(given.length / 3) + 1;
  for (const word of known) {
    const far = distance(given, word);
    if (far < bound) {
      best = word;
      bound = far;
    }
  }
  return best;
}
