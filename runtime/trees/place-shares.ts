/** Where shares are on this host and where they go inside, as programs open them: without symlinks (real-path.ts). */

import { lstatSync } from 'node:fs';
import type { PlacedShare, Share } from '../../spec/environment.js';
import type { Reason } from '../admit/diagnostic.js';
import { codeOf } from '../host/error-code.js';
import { isWithin } from './mount-facts.js';
import { realPath } from './real-path.js';
import type { RegisteredTree } from './registry.js';

/**
 * Of several shares below each other the outermost decides where a path leads inside: what is below it is the host's. What is in none goes where its
 * name says, into the tree or the skeleton, which have a directory for it.
 */
function placeInside(path: string, source: string, points: readonly string[], prefix: string): string | null {
  const outermost = points
    .filter(point => point !== path && isWithin(path, point))
    .sort((one, other) => one.length - other.length)[0];
  if (outermost === undefined) return path;
  const outer = realPath(outermost, prefix);
  if (outer.kind !== 'at' || !isWithin(source, outer.path)) return null;
  return `${outermost}${outer.path === '/' ? source : source.slice(outer.path.length)}`;
}

/** What keeps a share from being shown, if anything does: also symlinks that are not root's, or that lead out of the share in which they are. */
export function faultOfShare(path: string, points: readonly string[], prefix = ''): Reason | null {
  const real = realPath(path, prefix);
  if (real.kind === 'foreign-link') return { kind: 'foreign-link', link: real.link, ...real.foreign };
  if (real.kind === 'missing') return { kind: 'no-directory', code: real.code };
  try {
    const stat = lstatSync(prefix + real.path);
    if (!stat.isDirectory() && !stat.isFile()) return { kind: 'no-directory', code: 'ENOTDIR' };
  } catch (error) {
    return { kind: 'no-directory', code: codeOf(error) };
  }
  return placeInside(path, real.path, points, prefix) === null
    ? { kind: 'leads-away', target: real.path }
    : null;
}

/** `points`: all that is shown, this path among it. What cannot be looked at is left as it is written: programs say what is wrong with it. */
export function placeOf(
  path: string,
  points: readonly string[],
  prefix = '',
): Pick<PlacedShare, 'source' | 'place'> {
  const real = realPath(path, prefix);
  // Without the links on the way: that something is missing is what is wrong, not the links.
  if (real.kind === 'missing') return { source: real.path, place: path };
  if (real.kind !== 'at') return { source: path, place: path };
  return { source: real.path, place: placeInside(path, real.path, points, prefix) ?? path };
}

/** With the place in the registry that each of them comes from: of the site, or of the tree. */
export function placeRegistered(
  { shares }: Pick<RegisteredTree, 'shares'>,
  shown: readonly Share[],
  points: readonly string[],
  prefix = '',
): readonly PlacedShare[] {
  const registered = new Map(shares.map(share => [share.path, share]));
  return placeShares(shown, points, prefix).map(share => {
    const at = registered.get(share.path)?.diagnose({ kind: 'not-rendered' });
    return at === undefined
      ? share
      : { ...share, registered: { file: at.file, line: at.line, path: at.path } };
  });
}

export function placeShares(
  shares: readonly Share[],
  points: readonly string[],
  prefix = '',
): readonly PlacedShare[] {
  return shares.map(share => ({
    ...share,
    ...(share.from === undefined
      ? placeOf(share.path, points, prefix)
      : { source: share.from, place: share.path }),
  }));
}
