/**
 * Who uses a version of a tree: generations that were prepared from it, and processes that have it as root, directory, executable or mounted. Whoever the
 * kernel module has moved into it is found by his executable and directory.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { isWithin, mountOf, parseMountFacts } from '../trees/mount-facts.js';
import { readGenerations } from '../trees/pins.js';
import { hasImage } from './image-file.js';

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const inodeOf = (path: string): number | null => {
  try {
    return statSync(path).ino;
  } catch {
    return null;
  }
};

/** Whether the kernel's name of an open place lies in the directory, seen from whichever root. */
const leadsInto = (text: string, directory: string): boolean => `${text}/`.includes(`${directory}/`);

/**
 * Whether a mount of this namespace shows the directory, or a part of it. `own`: where its image is mounted, here and wherever that has arrived by propagation: it
 * goes with it.
 */
function shows(mountinfo: string, device: string, root: string, own: string | null): boolean {
  return parseMountFacts(mountinfo).some(
    mount => mount.device === device && isWithin(mount.root, root) && mount.point !== own,
  );
}

/** Generations and processes know the place without links. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** One sentence for each. */
export function holdersOf(place: string): readonly string[] {
  const directory = realOf(place);
  const generations = readGenerations()
    .filter(({ record }) => record !== null && (record.directory ?? record.path) === directory)
    .map(({ name }) => `generation ${name}`);
  const own = mountOf(directory, parseMountFacts(read('/proc/self/mountinfo')));
  const root =
    own === undefined ? '' : `${own.root}/${directory.slice(own.point.length)}`.replace(/\/+/g, '/');
  const image = hasImage(directory) ? directory : null;
  // What is mounted here concerns all who are here: it is told once.
  const known = new Map<number | null, boolean>([[inodeOf('/proc/self/ns/mnt'), false]]);
  const here = parseMountFacts(read('/proc/self/mountinfo'))
    .filter(
      mount =>
        !(mount.point === image && mount.type === 'squashfs') &&
        ((mount.device === own?.device && isWithin(mount.root, root)) ||
          // Somebody's files, seen in the tree.
          isWithin(mount.point, directory)),
    )
    .map(({ point }) => `the mount ${point}`);
  const mounted = (pid: string): boolean => {
    const namespace = inodeOf(`/proc/${pid}/ns/mnt`);
    const before = known.get(namespace);
    if (before !== undefined && namespace !== null) return before;
    const found = own !== undefined && shows(read(`/proc/${pid}/mountinfo`), own.device, root, image);
    known.set(namespace, found);
    return found;
  };
  const processes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid && Number(name) !== process.ppid)
    .filter(
      pid =>
        ['root', 'cwd', 'exe'].some(place => leadsInto(linkOf(`/proc/${pid}/${place}`), directory)) ||
        mounted(pid),
    )
    .map(pid => `process ${pid} (${read(`/proc/${pid}/comm`).trim() || '?'})`);
  return [...generations, ...here, ...processes];
}
