/**
 * Whether a view that was put together earlier still shows what the host has. A share that was unmounted and mounted anew since is another mount, of the same
 * number even: kernels give mount ids, devices and peer groups out again. So what came later is known by its place in mountinfo. Pure; the program of a launch
 * looks once more (runtime/compile/elided-mounts.ts).
 */
import type { FoundPath, MountFact, PathIdentity, Share } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { type MountMap, mountMap } from '../../spec/mount-map.js';
import { sameIdentity } from './caller.js';
import type { PreparedShare } from './pins.js';

export interface ViewedShares {
  readonly shares: readonly (Share & Partial<PreparedShare>)[];
  /** To where the paths of the shares lead on the host now. */
  readonly found: ReadonlyMap<string, FoundPath>;
  readonly hostMounts: readonly MountFact[];
  /** Ids of those that came after the view; null: it was not made once and for all. */
  readonly late: readonly number[] | null;
  readonly viewMounts: readonly MountFact[];
  /** Mount points in the tree: as they were, and as they are. */
  readonly points?: Readonly<Record<string, PathIdentity>>;
  readonly pointsNow?: ReadonlyMap<string, PathIdentity | null>;
}

export interface StaleShare {
  readonly path: string;
  readonly why:
    | 'mounted-anew'
    | 'other-directory'
    | 'not-live'
    | 'options'
    | 'below'
    | 'hidden'
    | 'mount-point';
}

const rootedAt = (path: string, { root, point }: MountFact): string =>
  `${root}/${path.slice(point === '/' ? 0 : point.length)}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

/** Mounts below a share that do not follow the host's: each as it was, or it is not what the host has. */
function staleBelow(
  at: string,
  path: string,
  host: MountMap,
  view: MountMap,
  late: ReadonlySet<number>,
): boolean {
  return view
    .below(path)
    .filter(({ master }) => master === 0)
    .some(mount => {
      const place = `${at === '/' ? '' : at}${mount.point.slice(path === '/' ? 0 : path.length)}`;
      const source = host.at(place);
      return source === undefined || late.has(source.id) || source.device !== mount.device;
    });
}

function whyStale(
  share: ViewedShares['shares'][number],
  found: FoundPath | undefined,
  host: MountMap,
  view: MountMap,
  late: ReadonlySet<number>,
): StaleShare['why'] | null {
  const { path: named, at, readonly } = share;
  const path = share.place ?? named;
  // It is missing: that is another fault.
  if (found === undefined) return null;
  const source = host.at(found.path);
  if (source === undefined) return 'hidden';
  if (late.has(source.id)) return 'mounted-anew';
  if (at && !sameIdentity(at, { born: at.born, ...found })) return 'other-directory';
  const shown = view.at(path);
  // A mount point behind a symlink of the tree.
  if (shown?.point !== path) return null;
  if (shown.device !== source.device || rootedAt(found.path, source) !== rootedAt(path, shown))
    return 'other-directory';
  if (shown.master !== 0 && shown.master !== source.peerGroup) return 'not-live';
  if (shown.master === 0 && !readonly && source.peerGroup !== 0 && share.live !== false) return 'not-live';
  const wanted = source.attributes | (readonly ? MountAttr.RDONLY : 0);
  if (shown.attributes !== wanted) return 'options';
  return staleBelow(found.path, path, host, view, late) ? 'below' : null;
}

/** The first share of which a view shows something else than the host has; null: there is none. */
export function staleShare(view: ViewedShares): StaleShare | null {
  const [host, inside] = [mountMap(view.hostMounts), mountMap(view.viewMounts)];
  const late = new Set(view.late ?? []);
  for (const [path, point] of Object.entries(view.points ?? {}))
    if (!sameIdentity(point, view.pointsNow?.get(path) ?? null)) return { path, why: 'mount-point' };
  for (const share of view.shares) {
    const why = whyStale(share, view.found.get(share.path), host, inside, late);
    if (why !== null) return { path: share.path, why };
  }
  return null;
}
