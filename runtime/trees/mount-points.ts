/**
 * Where the mounts of config.json go in a tree, and which of these places the tree lacks. A runtime makes mount points that are missing; in a tree that
 * would be for everybody and for good, so that such launches get a skeleton of their own (skeleton.ts). Pure but for `isDirectory`.
 */
import type { NormalMount } from '../../spec/normal-mount.js';
import { isWithin } from './mount-facts.js';
import { join, LINKS, names, parent } from './path-parts.js';
import type { MissingPoint, TreeView } from './skeleton.js';

type Place =
  | { readonly kind: 'there'; readonly path: string }
  | { readonly kind: 'missing'; readonly path: string }
  /** In something that is mounted over the tree, or nowhere at all. */
  | { readonly kind: 'elsewhere' };

/** As the kernel follows a path in the root of the container; `covered`: what is mounted there before. */
export function followInside(view: TreeView, path: string, covered: readonly string[]): Place {
  const rest = [...names(path)];
  let at = '/';
  let links = 0;
  // How many names at the end of `at` are missing; ".." takes one of them back, as where they are made (RESOLVE).
  let missing = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      at = parent(at);
      missing = Math.max(0, missing - 1);
      continue;
    }
    const next = join(at, name);
    if (missing > 0) {
      at = next;
      missing++;
      continue;
    }
    if (covered.some(point => isWithin(next, point))) return { kind: 'elsewhere' };
    const found = view.entry(next);
    if (found === null) {
      at = next;
      missing = 1;
      continue;
    }
    if (found.kind !== 'link') {
      at = next;
      continue;
    }
    if (++links > LINKS) return { kind: 'elsewhere' };
    rest.unshift(...names(found.target));
    if (found.target.startsWith('/')) at = '/';
  }
  return { kind: missing > 0 ? 'missing' : 'there', path: at };
}

/** `shown`: the shares and the host view. `isDirectory`: of the source of a bind; null if it cannot be told. */
export function missingPoints(
  view: TreeView,
  mounts: readonly NormalMount[],
  shown: readonly string[],
  isDirectory: (source: string) => boolean | null,
): readonly MissingPoint[] {
  const covered = [...shown];
  return mounts.flatMap((mount, index): readonly MissingPoint[] => {
    if (mount.kind === 'remount') return [];
    const place = followInside(view, mount.destination, covered);
    if (place.kind === 'elsewhere') return [];
    covered.push(place.path);
    if (place.kind === 'there') return [];
    const directory = mount.kind === 'bind' ? isDirectory(mount.source) : true;
    return directory === null ? [] : [{ path: place.path, kind: directory ? 'directory' : 'file', index }];
  });
}
