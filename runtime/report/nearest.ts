/**
 * The word that a misspelt one was most likely meant to be: with the fewest letters changed, added, left
 * out or swapped with the next, upper and lower case being the same. `undefined` if none is near.
 */
export function nearest(misspelt: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = mostChanges(misspelt.length) + 1;
  for (const word of words) {
    const changes = distance(misspelt.toLowerCase(), word.toLowerCase());
    if (changes >= fewest) continue;
    fewest = changes;
    best = word;
  }
  return best;
}

/** A third of the letters wrong is another word; so is one of two or three in which more than one is, and a single letter says nothing. */
function mostChanges(length: number): number {
  if (length < 4) return length < 2 ? 0 : 1;
  return Math.max(2, Math.floor(length / 3));
}

/** Levenshtein distance in which two letters that have changed places are one change (optimal string alignment). */
function distance(one: string, other: string): number {
  let before: readonly number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let y = 1; y <= one.length; y++) {
    const row = [y];
    for (let x = 1; x <= other.length; x++) {
      const same = one[y - 1] === other[x - 1];
      const swapped = x > 1 && y > 1 && one[y - 1] === other[x - 2] && one[y - 2] === other[x - 1];
      row.push(
        Math.min(
          (above[x - 1] ?? 0) + (same ? 0 : 1),
          (above[x] ?? 0) + 1,
          (row[x - 1] ?? 0) + 1,
          swapped ? (before[x - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = above;
    above = row;
  }
  return above[other.length] ?? 0;
}
