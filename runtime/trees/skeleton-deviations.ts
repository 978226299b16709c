/** How the skeleton that is there differs from the one that the registry asks for, and what is to be done about it. Pure. */
import type { MountFact, SkeletonMount, SkeletonPlan, SkeletonWork } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { mountMap } from '../../spec/mount-map.js';
import {
  followedGroup,
  followedMounts,
  isLeftOver,
  rootedAt,
  type SharedMount,
  type SharedSides,
  sharedBelow,
} from '../../spec/shared-below.js';
import { isWithin } from './mount-facts.js';
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
      readonly why: 'directory' | 'writable' | 'not-live' | 'below';
    }
  /** `path`: what is mounted for the registry, or a mount below it that came with it, `at` its place inside. */
  | {
      readonly kind: 'options';
      readonly path: string;
      readonly at: string;
      readonly share: string;
      readonly found: number;
      readonly expected: number;
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

/** The whole of a mount that the registry asks for, without its options. */
function mountDeviation(
  { path, place, source: at, readonly }: SkeletonMount,
  { host, view }: SharedSides,
): Deviation | { readonly found: MountFact; readonly source: MountFact } {
  const found = view.at(place);
  if (found?.point !== place) return { kind: 'not-mounted', path };
  const source = host.at(at);
  const other = (why: (Deviation & { kind: 'other-mount' })['why']) =>
    ({ kind: 'other-mount', path, why }) as const;
  if (
    source === undefined ||
    source.device !== found.device ||
    rootedAt(at, source) !== rootedAt(place, found)
  )
    return other('directory');
  if (readonly) {
    // One that receives mounts shows them as the host has them: writable.
    const sealed = (found.attributes & MountAttr.RDONLY) !== 0 && found.master === 0 && found.peerGroup === 0;
    return sealed ? { found, source } : other('writable');
  }
  return found.master === followedGroup(source) ? { found, source } : other('not-live');
}

/** Options do not propagate: those in the skeleton are of the moment in which a mount came there, below a share too. */
function optionsOf(
  wanted: SkeletonMount,
  pairs: readonly Pick<SharedMount<unknown>, 'mount' | 'place' | 'source'>[],
): readonly Deviation[] {
  return pairs.flatMap(({ mount, place, source }) => {
    if (source === undefined) return [];
    const expected = source.attributes | (wanted.readonly ? MountAttr.RDONLY : 0);
    if (mount.attributes === expected) return [];
    const where = { path: place, at: mount.point, share: wanted.path };
    return [{ kind: 'options', ...where, found: mount.attributes, expected } as const];
  });
}

function mountDeviations(
  { mounts }: SkeletonPlan,
  actual: ActualSkeleton,
  host: readonly MountFact[],
): readonly Deviation[] {
  const sides: SharedSides = {
    host: mountMap(host),
    view: mountMap(actual.mounts),
    followed: followedMounts(host),
  };
  const places = mounts.map(({ source: at, place: path }) => ({ at, path }));
  const below = new Map<string, SharedMount<unknown>[]>();
  for (const one of sharedBelow(sides, places))
    below.set(one.share.path, [...(below.get(one.share.path) ?? []), one]);
  return mounts.flatMap((wanted): readonly Deviation[] => {
    const state = mountDeviation(wanted, sides);
    // It is mounted anew, and what is below it comes along.
    if (!('source' in state)) return [state];
    const { path, place } = wanted;
    const pairs = below.get(place) ?? [];
    // What a site mounts in the host view of the skeleton is its own affair.
    if (wanted.what === 'share' && pairs.some(one => isLeftOver(one, sides.host, new Set())))
      return [{ kind: 'other-mount', path, why: 'below' }];
    return optionsOf(wanted, [{ mount: state.found, place: path, source: state.source }, ...pairs]);
  });
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

/** Those on files of trees are ours, whatever they stand in. */
function formerFiles(
  { mounts }: SkeletonPlan,
  actual: ActualSkeleton,
  files: readonly string[],
): readonly string[] {
  const planned = new Set(mounts.map(({ place }) => place));
  const isMounted = (path: string): boolean => actual.mounts.some(({ point }) => point === path);
  return files.filter(path => !planned.has(path) && isMounted(path));
}

/** `former`: where the record says that something was mounted; `files`: on files of trees. */
export function deviationsOf(
  plan: SkeletonPlan,
  actual: ActualSkeleton,
  host: readonly MountFact[],
  former: readonly string[],
  files: readonly string[] = [],
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
    ...mountDeviations(plan, actual, host),
    ...[...formerMounts(plan, actual, former), ...formerFiles(plan, actual, files)].map(
      path => ({ kind: 'surplus-mount', path }) as const,
    ),
  ];
}

export type Repairs = Pick<SkeletonWork, 'detach' | 'unlink' | 'open' | 'make' | 'mount' | 'alter'>;

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
  const alter = deviations.flatMap(one =>
    one.kind === 'options' && !again(one.share)
      ? [
          {
            path: one.at,
            attributes: one.expected,
            anew: plan.mounts.filter(({ path }) => isWithin(path, one.share)),
          },
        ]
      : [],
  );
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
    alter,
  };
}
