/** What is mounted below shares, in a view and on the host. */
import type { MountFact } from './environment.js';
import { MountAttr } from './kernel.js';
import { innermost, type MountMap } from './mount-map.js';

export interface SharedSides {
  readonly host: MountMap;
  readonly view: MountMap;
  /** followedMounts() of the host's. */
  readonly followed: ReadonlyMap<string, MountFact>;
}

export interface SharedPlace {
  /** Where the share leads to on the host, and where it is in the view. */
  readonly at: string;
  readonly path: string;
}

export interface SharedMount<Place> {
  readonly share: Place;
  /** In the view. */
  readonly mount: MountFact;
  /** Where the host should have it. */
  readonly place: string;
  /** The host's, which has the same directory in the same file system; not there: it has gone. */
  readonly source: MountFact | undefined;
}

/** By peer group and place, hidden ones too: what follows them is hidden as they are. */
export function followedMounts(host: readonly MountFact[]): ReadonlyMap<string, MountFact> {
  return new Map(host.map(mount => [`${mount.peerGroup} ${mount.point}`, mount]));
}

/** What a slave made of a copy of the host's mount follows: its peers, or what it follows itself (mount_namespaces(7)); 0: nobody. */
export function followedGroup({ peerGroup, master }: MountFact): number {
  return peerGroup === 0 ? master : peerGroup;
}

/** Where in its file system a path on a mount is. */
export function rootedAt(path: string, { root, point }: MountFact): string {
  return `${root}/${path.slice(point === '/' ? 0 : point.length)}`
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
}

/** The directory that the host has there, without a mount of its own, as it has it or read-only: a read-only tree in a share is mounted so. */
function showsTheSame(mount: MountFact, place: string, under: MountFact | undefined): boolean {
  if (under?.device !== mount.device || rootedAt(place, under) !== mount.root) return false;
  return mount.attributes === under.attributes || mount.attributes === (under.attributes | MountAttr.RDONLY);
}

/** What follows nobody has not gone with the host's mount. `late`: mounts of the host that came after the view. */
export function isLeftOver(
  { mount, place, source }: SharedMount<unknown>,
  host: MountMap,
  late: ReadonlySet<number>,
): boolean {
  if (mount.master !== 0) return false;
  const there = source ?? host.at(place);
  if (there === undefined || late.has(there.id)) return true;
  return source === undefined && !showsTheSame(mount, place, there);
}

/** Each mount once, as one of the innermost share's; the shares themselves are none. */
export function sharedBelow<Place extends SharedPlace>(
  { host, view, followed }: SharedSides,
  shares: readonly Place[],
): readonly SharedMount<Place>[] {
  const paths = new Set(shares.map(({ path }) => path));
  return shares.flatMap(share => {
    const { at, path } = share;
    return view
      .below(path)
      .filter(({ point }) => innermost(point, paths) === path)
      .map(mount => {
        const place = `${at === '/' ? '' : at}${mount.point.slice(path === '/' ? 0 : path.length)}`;
        const found = mount.master === 0 ? host.at(place) : followed.get(`${mount.master} ${place}`);
        const same = found?.point === place && found.device === mount.device && found.root === mount.root;
        return { share, mount, place, source: same ? found : undefined };
      });
  });
}
