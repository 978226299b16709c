import type { Share } from '../../spec/environment.js';

/** The same directories, each as writable, in any order. */
export function sameShares(one: readonly Share[], other: readonly Share[]): boolean {
  const text = (shares: readonly Share[]): string =>
    shares
      .map(({ path, readonly }) => `${path}\0${readonly}`)
      .sort()
      .join('\n');
  return text(one) === text(other);
}
