/**
 * Which tree processes see that nobody has recorded where we look: started with mounts of their own, by a user with another state root, by another runtime, by
 * systemd's RootDirectory=. The kernel's list of their mounts tells: their root is the tree's directory, or has the tree's own directories mounted in it. No
 * server is asked for that.
 */
import type { MountFact } from '../../spec/environment.js';
import { namespaceOf, type ProcessLook } from './holders.js';
import { isWithin } from './mount-facts.js';

export interface PrivateView {
  readonly pids: readonly number[];
  /** Of the tree. */
  readonly directory: string;
}

/** A directory, by the file system that it is on. */
type Place = Pick<MountFact, 'device' | 'root'>;

/** What the root of these mounts may be made of. In a skeleton, `/usr` is the `/usr` of a directory. */
function madeOf(mounts: readonly MountFact[]): readonly Place[] {
  const parts = mounts.filter(({ point, root }) => /^\/[^/]+$/.test(point) && root.endsWith(point));
  return [
    ...mounts.filter(({ point }) => point === '/'),
    ...parts.map(({ device, point, root }) => ({ device, root: root.slice(0, -point.length) || '/' })),
  ];
}

/** Where the host shows that directory. */
function pathsOf({ device, root }: Place, host: readonly MountFact[]): readonly string[] {
  return host
    .filter(mount => mount.device === device && isWithin(root, mount.root))
    .map(({ point, root: above }) => {
      const below = above === '/' ? root : root.slice(above.length);
      return point === '/' ? below : below === '/' ? point : point + below;
    });
}

/** `host`: the mounts of the caller; `apart`: mount namespaces that are known otherwise. */
export function privateViews(
  look: Pick<ProcessLook, 'namespaces' | 'mountsOf'>,
  host: readonly MountFact[],
  isTree: (directory: string) => boolean,
  apart: readonly (number | null)[] = [],
): readonly PrivateView[] {
  const known = new Set([namespaceOf(1), namespaceOf(process.pid), ...apart]);
  return [...look.namespaces].flatMap(([namespace, pids]) => {
    if (known.has(namespace)) return [];
    const byDirectory = new Map<string, number[]>();
    for (const pid of pids) {
      const directory = madeOf(look.mountsOf(pid, namespace))
        .flatMap(place => pathsOf(place, host))
        .find(isTree);
      if (directory === undefined) continue;
      byDirectory.set(directory, [...(byDirectory.get(directory) ?? []), pid]);
    }
    return [...byDirectory].map(([directory, seen]) => ({ pids: seen, directory }));
  });
}
