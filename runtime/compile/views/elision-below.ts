/** Elision is about everything below the place, too: the same mounts on both sides, with the attributes that the bind would have given them. */
import type { MountFact } from '../../../spec/environment.js';
import { MountAttr } from '../../../spec/kernel.js';
import { isWithin, type MountMap } from '../../../spec/mount-map.js';
import type { AttributeChange, BindMount } from '../../../spec/normal-mount.js';
import { normalise } from '../../../spec/paths.js';

/** A mount below an elided bind, as the host and as the environment has it. */
export interface BelowPair {
  /** Behind the source and the place: `/user/x`. */
  readonly path: string;
  readonly source: MountFact;
  readonly destination: MountFact;
}

/** What elision looks at: the host's mounts, and those of the view. */
export interface Sides {
  readonly sources: MountMap;
  readonly view: MountMap;
  readonly hostMounts: readonly MountFact[];
  /** Ids of the host's mounts that came after the view was made; null: the mounts of the view are as they are now. */
  readonly late: ReadonlySet<number> | null;
  /** What made the view, for words. */
  readonly name: string;
}

/** A program looks at each of them, twice. Hosts have thousands in a home directory that is automounted: there a mount is cheaper. */
export const MOST = 100;

const restrictions = MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOEXEC | MountAttr.NOSYMFOLLOW;
const times = MountAttr._ATIME | MountAttr.NODIRATIME;

/** Rule 4: read-only and access times as they would be, restrictions at least as strict, and never against what is asked for by name. */
export function attributesDiffer(
  { set, clear }: AttributeChange,
  source: number,
  destination: number,
): string | null {
  const wanted = (source & ~clear) | set;
  if (((wanted ^ destination) & MountAttr.RDONLY) !== 0)
    return (destination & MountAttr.RDONLY) !== 0 ? 'it is read-only there' : 'it is writable there';
  if ((wanted & restrictions & ~destination) !== 0)
    return 'nosuid, nodev, noexec or nosymfollow is missing there';
  if ((clear & restrictions & destination) !== 0) return 'suid, dev, exec or symfollow is asked for';
  return ((wanted ^ destination) & times) !== 0 ? 'access times differ' : null;
}

/** The path inside its file system. */
export function rooted(path: string, mount: MountFact): string {
  return normalise(`${mount.root}/${path.slice(mount.point === '/' ? 0 : mount.point.length)}`);
}

/**
 * Whether a mount of the host that came later has arrived below this one of the view: that of a peer group whose slaves are there. What it is there, with which
 * attributes, is not known.
 */
function receivedLater(destination: MountFact, { view, sources, hostMounts, late }: Sides): boolean {
  if (late === null || late.size === 0) return false;
  const receivers = [destination, ...view.descendants(destination)].filter(({ master }) => master !== 0);
  return hostMounts.some(mount => {
    const onto = late.has(mount.id) ? sources.byId(mount.parent) : undefined;
    if (onto === undefined || onto.peerGroup === 0) return false;
    const place = rooted(mount.point, onto);
    return receivers.some(({ master, root }) => master === onto.peerGroup && isWithin(place, root));
  });
}

/** The pairs of all mounts below, or why they are not the same. */
export function compareBelow(
  sides: Sides,
  source: string,
  place: string,
  destination: MountFact,
  { below: withBelow, recursive }: Pick<BindMount, 'below' | 'recursive'>,
): readonly BelowPair[] | string {
  const { sources, view, late, name } = sides;
  const [here, there] = [sources.below(source), view.below(place)];
  const asked = recursive.set !== 0 || recursive.clear !== 0;
  if (here.length + there.length > 0 && (!withBelow || asked)) return 'there are mounts below it';
  if (receivedLater(destination, sides))
    return `the host has mounted something below it since ${name} was made`;
  if (here.length > MOST) return `there are more than ${MOST} mounts below it`;
  const behind = (path: string, directory: string): string =>
    path.slice(directory === '/' ? 0 : directory.length);
  const inside = new Map(there.map(mount => [behind(mount.point, place), mount]));
  const pairs: BelowPair[] = [];
  for (const mount of here) {
    const path = behind(mount.point, source);
    const other = inside.get(path);
    if (other === undefined) return `${path.slice(1)} is mounted on the host, and not there`;
    if (late?.has(mount.id)) return `the host has mounted ${path.slice(1)} since ${name} was made`;
    if (mount.peerGroup === 0) return 'a mount below it is not shared';
    if (mount.device !== other.device || mount.root !== other.root || other.master !== mount.peerGroup)
      return `another mount is on ${path.slice(1)} there`;
    const why = attributesDiffer({ set: 0, clear: 0 }, mount.attributes, other.attributes);
    if (why !== null) return `${path.slice(1)}: ${why}`;
    pairs.push({ path, source: mount, destination: other });
    inside.delete(path);
  }
  const [surplus] = inside.keys();
  return surplus === undefined ? pairs : `${surplus.slice(1)} is mounted there, and not on the host`;
}
