/** How the skeleton that is there differs from the one that the registry asks for, and what is to be done about it. Pure. */
import type { MountFact, SkeletonMount, SkeletonPlan, SkeletonWork } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { isWithin, mountOf } from './mount-facts.js';
import { join } from './path-parts.js';
import type { TreeEntry } from './skeleton.js';

export type Deviation =
  | { readonly kind: 'missing'; readonly path: string; readonly what: 'directory' | 'link' }
  /** A link to somewhere else. */
  | { readonly kind: 'other-link'; readonly path: string; readonly found: string; readonly expected: string }
  /** A file that nobody planned, where something has to be: it may be a mount point of a container. */
  | { readonly kind: 'in-the-way'; readonly path: string }
  /** A link where a directory has to be. */
  | { readonly kind: 'closed'; readonly path: string }
  /** A link that no tree asks for. */
  | { readonly kind: 'surplus-link'; readonly path: string }
  | { readonly kind: 'not-mounted'; readonly path: string }
  | {
      readonly kind: 'other-mount';
      readonly path: string;
      readonly why: 'directory' | 'writable' | 'not-live';
    }
  /** A mount that the registry does not ask for any more. */
  | { readonly kind: 'surplus-mount'; readonly path: string };

/** The skeleton, as it is. */
export interface ActualSkeleton {
  readonly entry: (path: string) => TreeEntry | null;
  /** Names in one of its own directories. */
  readonly list: (path: string) => readonly string[];
  /** By the path inside. */
  readonly mounts: readonly MountFact[];
}

const rooted = (path: string, mount: MountFact): string =>
  `${mount.root}/${path.slice(mount.point === '/' ? 0 : mount.point.length)}`
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');

function entryDeviation(entry: SkeletonPlan['entries'][number], found: TreeEntry | null): Deviation | null {
  const { path, kind } = entry;
  if (found === null) return { kind: 'missing', path, what: kind };
  if (entry.kind === 'directory') {
    if (found.kind === 'directory') return null;
    return { kind: found.kind === 'link' ? 'closed' : 'in-the-way', path };
  }
  if (found.kind !== 'link') return { kind: 'in-the-way', path };
  return found.target === entry.target
    ? null
    : { kind: 'other-link', path, found: found.target, expected: entry.target };
}

function mountDeviation(
  wanted: SkeletonMount,
  actual: ActualSkeleton,
  host: readonly MountFact[],
): Deviation | null {
  const { path, place } = wanted;
  const found = actual.mounts.findLast(mount => mount.point === place);
  if (found === undefined) return { kind: 'not-mounted', path };
  const source = mountOf(wanted.source, host);
  const isOther = (mount: MountFact): boolean =>
    mount.device !== found.device || rooted(wanted.source, mount) !== rooted(place, found);
  if (source === undefined || isOther(source)) return { kind: 'other-mount', path, why: 'directory' };
  if (wanted.readonly) {
    // One that receives mounts shows them as the host has them: writable.
    const sealed = (found.attributes & MountAttr.RDONLY) !== 0 && found.master === 0 && found.peerGroup === 0;
    return sealed ? null : { kind: 'other-mount', path, why: 'writable' };
  }
  return source.peerGroup !== 0 && found.master !== source.peerGroup
    ? { kind: 'other-mount', path, why: 'not-live' }
    : null;
}

/** Mounts that an earlier registry asked for. What somebody else has mounted in the skeleton is not ours to judge. */
function formerMounts(
  plan: SkeletonPlan,
  actual: ActualSkeleton,
  former: readonly string[],
): readonly string[] {
  const points = plan.mounts.map(mount => mount.path);
  const gone = former.filter(path => actual.mounts.some(mount => mount.point === path));
  return [...new Set(gone)].filter(path => !points.some(point => isWithin(path, point)));
}

/** `former`: where the record says that something was mounted. */
export function deviationsOf(
  plan: SkeletonPlan,
  actual: ActualSkeleton,
  host: readonly MountFact[],
  former: readonly string[],
): readonly Deviation[] {
  const planned = new Set(plan.entries.map(entry => entry.path));
  const points = new Set(plan.mounts.map(mount => mount.path));
  const directories = [
    '/',
    ...plan.entries.filter(e => e.kind === 'directory' && !points.has(e.path)).map(e => e.path),
  ];
  const surplus = directories
    .filter(path => actual.entry(path)?.kind === 'directory')
    .flatMap(directory => actual.list(directory).map(name => join(directory, name)))
    .filter(path => !planned.has(path) && actual.entry(path)?.kind === 'link');
  return [
    ...plan.entries.flatMap(entry => entryDeviation(entry, actual.entry(entry.path)) ?? []),
    ...surplus.map(path => ({ kind: 'surplus-link', path }) as const),
    ...plan.mounts.flatMap(mount => mountDeviation(mount, actual, host) ?? []),
    ...formerMounts(plan, actual, former).map(path => ({ kind: 'surplus-mount', path }) as const),
  ];
}

export type Repairs = Pick<SkeletonWork, 'detach' | 'unlink' | 'open' | 'make' | 'mount'>;

function modeOf(plan: SkeletonPlan, path: string): number {
  const found = plan.entries.find(entry => entry.path === path);
  return found?.kind === 'directory' ? found.mode : 0o755;
}

/** A link that becomes a directory gets all that is planned below it at once, before it takes the link's place. */
export function repairsOf(plan: SkeletonPlan, deviations: readonly Deviation[]): Repairs {
  const pathsOf = (...kinds: readonly Deviation['kind'][]): readonly string[] =>
    deviations.filter(one => kinds.includes(one.kind)).map(one => one.path);
  const closed = pathsOf('closed');
  const opened = closed.filter(path => !closed.some(other => other !== path && isWithin(path, other)));
  const within = (path: string): boolean => opened.some(directory => isWithin(path, directory));
  const wrong = new Set(pathsOf('missing', 'other-link').filter(path => !within(path)));
  const changed = new Set(pathsOf('not-mounted', 'other-mount'));
  const detach = [...pathsOf('surplus-mount', 'other-mount')];
  const placed = (path: string): string => plan.mounts.find(mount => mount.path === path)?.place ?? path;
  // What is mounted below a mount that is taken away goes with it.
  const again = (path: string): boolean =>
    changed.has(path) || detach.some(other => other !== path && isWithin(path, other));
  return {
    detach: detach.map(placed).sort().reverse(),
    unlink: [...pathsOf('surplus-link'), ...pathsOf('other-link').filter(path => !within(path))],
    open: opened.map(path => ({
      path,
      mode: modeOf(plan, path),
      entries: plan.entries.filter(entry => entry.path !== path && isWithin(entry.path, path)),
    })),
    make: plan.entries.filter(entry => wrong.has(entry.path)),
    mount: plan.mounts.filter(mount => again(mount.path)),
  };
}
