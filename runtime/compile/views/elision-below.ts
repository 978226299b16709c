/** Elision is about everything below the place, too: the same mounts on both sides, with the attributes that the bind would have given them. */
import type { MountFact } from '../../../spec/environment.js';
import { MountAttr } from '../../../spec/kernel.js';
import { isWithin, type MountMap } from '../../../spec/mount-map.js';
import type { AttributeChange, BindMount } from '../../../spec/normal-mount.js';
import { normalise } from '../../../spec/paths.js';

/** Why an entry is mounted: the place itself, or the path of a mount below it. */
export interface WhyMounted {
  readonly kind: (typeof whys)[number];
  readonly path?: string;
}

const whys = [
  // What is asked for.
  'remount',
  'own-mount',
  'shared-asked',
  'unbindable-asked',
  /** A slave is none (elide: strict). */
  'private-asked',
  'data',
  'idmapped',
  'label',
  'user-namespace',
  'pid-namespace',
  'covered-paths',
  // Other entries.
  'earlier-in-the-way',
  'changed-later',
  // What is there.
  'no-directory',
  'mount-unknown',
  'another-directory',
  'another-mount',
  'no-procfs',
  'not-shared',
  'readonly-there',
  'writable-there',
  'less-restricted-there',
  'more-restricted-there',
  'access-times',
  'mounts-below',
  'too-many-below',
  'only-on-host',
  'only-there',
  // What the program could not tell when it runs.
  /** The host has mounted it since the view was made. */
  'mounted-since',
  'mounted-below-since',
  'view-of-earlier-version',
  /** Before Linux 6.8 a program that is kept could not tell what has changed. */
  'kept',
] as const;

const because = (kind: WhyMounted['kind'], path?: string): WhyMounted =>
  path === undefined ? { kind } : { kind, path };

/** A mount below an elided bind, as the host and as the environment has it. */
export interface BelowPair {
  /** Behind the source and the place: `/user/x`. */
  readonly path: string;
  readonly source: MountFact;
  readonly destination: MountFact;
}

/** All of them are the same. */
export interface Below {
  readonly kind: 'same';
  readonly pairs: readonly BelowPair[];
}

/** What elision looks at: the host's mounts, and those of the view. */
export interface Sides {
  readonly sources: MountMap;
  readonly view: MountMap;
  readonly hostMounts: readonly MountFact[];
  /** Ids of the host's mounts that came after the view was made; null: the mounts of the view are as they are now. */
  readonly late: ReadonlySet<number> | null;
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
): WhyMounted['kind'] | null {
  const wanted = (source & ~clear) | set;
  if (((wanted ^ destination) & MountAttr.RDONLY) !== 0)
    return (destination & MountAttr.RDONLY) !== 0 ? 'readonly-there' : 'writable-there';
  if ((wanted & restrictions & ~destination) !== 0) return 'less-restricted-there';
  if ((clear & restrictions & destination) !== 0) return 'more-restricted-there';
  return ((wanted ^ destination) & times) !== 0 ? 'access-times' : null;
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
): Below | WhyMounted {
  const { sources, view, late } = sides;
  const [here, there] = [sources.below(source), view.below(place)];
  const asked = recursive.set !== 0 || recursive.clear !== 0;
  if (here.length + there.length > 0 && (!withBelow || asked)) return because('mounts-below');
  if (receivedLater(destination, sides)) return because('mounted-below-since');
  if (here.length > MOST) return because('too-many-below');
  const behind = (path: string, directory: string): string =>
    path.slice(directory === '/' ? 0 : directory.length);
  const inside = new Map(there.map(mount => [behind(mount.point, place), mount]));
  const pairs: BelowPair[] = [];
  for (const mount of here) {
    const path = behind(mount.point, source);
    const other = inside.get(path);
    if (other === undefined) return because('only-on-host', path);
    if (late?.has(mount.id)) return because('mounted-since', path);
    if (mount.peerGroup === 0) return because('not-shared', path);
    if (mount.device !== other.device || mount.root !== other.root || other.master !== mount.peerGroup)
      return because('another-mount', path);
    const why = attributesDiffer({ set: 0, clear: 0 }, mount.attributes, other.attributes);
    if (why !== null) return because(why, path);
    pairs.push({ path, source: mount, destination: other });
    inside.delete(path);
  }
  const [surplus] = inside.keys();
  return surplus === undefined ? { kind: 'same', pairs } : because('only-there', surplus);
}
