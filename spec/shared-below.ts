/** What is mounted below shares, in a view and on the host. */
import type { MountFact } from './environment.js';
import { isWithin, type MountMap } from './mount-map.js';

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

/** Each mount once, as one of the innermost share's; the shares themselves are none. */
export function sharedBelow<Place extends SharedPlace>(
  { host, view, followed }: SharedSides,
  shares: readonly Place[],
): readonly SharedMount<Place>[] {
  return shares.flatMap(share => {
    const { at, path } = share;
    const others = shares.filter(other => other.path !== path && isWithin(other.path, path));
    return view
      .below(path)
      .filter(({ point }) => !others.some(other => isWithin(point, other.path)))
      .map(mount => {
        const place = `${at === '/' ? '' : at}${mount.point.slice(path === '/' ? 0 : path.length)}`;
        const found = mount.master === 0 ? host.at(place) : followed.get(`${mount.master} ${place}`);
        const same = found?.point === place && found.device === mount.device && found.root === mount.root;
        return { share, mount, place, source: same ? found : undefined };
      });
  });
}
