/** Questions to the mounts of a namespace, of which there may be thousands, and as many that ask. */
import type { MountFact } from '../../spec/environment.js';

export interface MountMap {
  /** The mount that a path leads to: the deepest one, of several at one place the last. */
  at(path: string): MountFact | undefined;
  /** The mounts below a path. */
  below(path: string): readonly MountFact[];
}

/** Null: it has none. Paths are absolute; what is not has none either. */
function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return path === '/' || slash < 0 ? null : path.slice(0, Math.max(1, slash));
}

export function mountMap(mounts: readonly MountFact[]): MountMap {
  const points = new Map<string, MountFact>();
  const below = new Map<string, MountFact[]>();
  for (const mount of mounts) {
    points.set(mount.point, mount);
    for (let path = parentOf(mount.point); path !== null; path = parentOf(path)) {
      const known = below.get(path);
      if (known === undefined) below.set(path, [mount]);
      else known.push(mount);
    }
  }
  return {
    at(path) {
      for (let place: string | null = path; place !== null; place = parentOf(place)) {
        const found = points.get(place);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    below: path => below.get(path) ?? [],
  };
}
