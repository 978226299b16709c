/**
 * The word that a misspelt one was most likely meant to be: with the fewest letters changed, added or left
 * out, upper and lower case being the same. `undefined` if none is near.
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

/** Levenshtein distance. */
function distance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column - 1] ?? 0) + same,
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
        ),
      );
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
