import type { Share } from '../../spec/environment.js';

/** The same directories and files, each as writable, in any order. */
export function sameShares(one: readonly Share[], other: readonly Share[]): boolean {
  const text = (shares: readonly Share[]): string =>
    shares
      .map(({ path, from = path, readonly, file = false }) => `${path}\0${from}\0${readonly}\0${file}`)
      .sort()
      .join('\n');
  return text(one) === text(other);
}
