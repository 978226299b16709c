/**
 * The word that a misspelt one was most likely meant to be: with the fewest letters changed, added or left
 * out, upper and lower case being the same. `undefined` if none is near.
 */
export function nearest(misspelt: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the letters wrong is another word.
  let fewest = Math.max(2, Math.floor(misspelt.length / 3)) + 1;
  for (const word of words) {
    const changes = distance(misspelt.toLowerCase(), word.toLowerCase());
    if (changes >= fewest) continue;
    fewest = changes;
    best = word;
  }
  return best;
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
