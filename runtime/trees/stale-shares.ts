/**
 * Whether a view that was put together earlier still shows what the host has. A share that was unmounted and mounted anew since is another mount, of the same
 * number even: kernels give mount ids, devices and peer groups out again. So what came later is known by its place in mountinfo. Pure; the program of a launch
 * looks once more (runtime/compile/views/elided-mounts.ts).
 */
import type { FoundPath, MountFact, PathIdentity, Share } from '../../spec/environment.js';
import { MountAttr } from '../../spec/kernel.js';
import { mountMap } from '../../spec/mount-map.js';
import type { PreparedShare } from '../../spec/records/share.js';
import {
  followedGroup,
  followedMounts,
  isLeftOver,
  rootedAt,
  type SharedMount,
  type SharedPlace,
  type SharedSides,
  sharedBelow,
} from '../../spec/shared-below.js';
import { sameIdentity } from './caller.js';
import { HOST_VIEW } from './host-view.js';

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

interface Compared extends SharedSides {
  readonly late: ReadonlySet<number>;
}

/**
 * Mounts below a share: one that follows the host's has gone with it, but keeps the options with which it came; one that follows nobody is as it was, or it is
 * not what the host has.
 */
function staleBelow(
  below: SharedMount<SharedPlace & { readonly readonly: boolean; readonly ofHost: boolean }>,
  { host, late }: Compared,
): StaleShare | null {
  const { share, mount, place, source } = below;
  // What a site mounts in the host view of the skeleton is its own affair.
  if (!share.ofHost && isLeftOver(below, host, late)) return { path: share.path, why: 'below' };
  if (source === undefined || late.has(source.id)) return null;
  const wanted = source.attributes | (share.readonly ? MountAttr.RDONLY : 0);
  return mount.attributes === wanted ? null : { path: place, why: 'options' };
}

function whyStale(
  share: ViewedShares['shares'][number],
  found: FoundPath | undefined,
  { host, view, late }: Compared,
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
  if (shown.master !== 0 && shown.master !== followedGroup(source)) return 'not-live';
  if (shown.master === 0 && !readonly && source.peerGroup !== 0 && share.live !== false) return 'not-live';
  const wanted = source.attributes | (readonly ? MountAttr.RDONLY : 0);
  return shown.attributes === wanted ? null : 'options';
}

/** The first share of which a view shows something else than the host has; null: there is none. */
export function staleShare(view: ViewedShares): StaleShare | null {
  const sides: Compared = {
    host: mountMap(view.hostMounts),
    view: mountMap(view.viewMounts),
    late: new Set(view.late ?? []),
    followed: followedMounts(view.hostMounts),
  };
  for (const [path, point] of Object.entries(view.points ?? {}))
    if (!sameIdentity(point, view.pointsNow?.get(path) ?? null)) return { path, why: 'mount-point' };
  for (const share of view.shares) {
    const why = whyStale(share, view.found.get(share.path), sides);
    if (why !== null) return { path: share.path, why };
  }
  const shown = [
    ...HOST_VIEW.map(path => ({ path, place: path, readonly: false, ofHost: true })),
    ...view.shares.map(share => ({ ...share, ofHost: false })),
  ];
  const places = shown.flatMap(({ path, place = path, readonly, ofHost }) => {
    const at = view.found.get(path)?.path;
    return at === undefined ? [] : [{ at, path: place, readonly, ofHost }];
  });
  for (const below of sharedBelow(sides, places)) {
    const stale = staleBelow(below, sides);
    if (stale !== null) return stale;
  }
  return null;
}
