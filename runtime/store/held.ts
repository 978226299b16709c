/**
 * Who uses a version of a tree: generations that were prepared from it, and processes that have it as root, directory, executable, mounted, or as what the
 * kernel's link of theirs names.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { mustReadFor, thisProcess } from '../host/caller.js';
import { linksOf } from '../host/libc.js';
import { inodeOfProcess, linkOfProcess, textOfProcess } from '../host/of-process.js';
import { SETCHOS } from '../trees/kernel-link.js';
import { isWithin, mountOf, parseMountFacts } from '../trees/mount-facts.js';
import { readGenerations } from '../trees/pins.js';
import { hasImage } from './image-file.js';

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

/** `file`: the module's, through which links are asked for. */
function linksNow(pids: readonly number[], file: string): ReadonlyMap<number, string> | 'unknown' {
  if (!existsSync(file)) return new Map();
  try {
    return linksOf(pids, file);
  } catch {
    return 'unknown';
  }
}

/**
 * Where the kernel's link leads, if that is among the versions of `place`: what is registered is a link to the one in use, and that may have been resolved on the
 * way. Other paths may be on a server, and are not gone to.
 */
export function placesBehind(place: string): (text: string) => string {
  const homes = [dirname(place), realOf(dirname(place))];
  return text => (homes.some(home => text.startsWith(`${home}/`)) ? realOf(text) : text);
}

/** One sentence for each. */
export function holdersOf(place: string, setchos = SETCHOS): readonly string[] {
  const directory = realOf(place);
  const generations = readGenerations(thisProcess())
    .filter(({ record }) => record !== null && (record.directory ?? record.path) === directory)
    .map(({ name }) => `generation ${name}`);
  // Where that cannot be read nothing is known, and nothing taken away.
  const mounts = parseMountFacts(mustReadFor(thisProcess())('/proc/self/mountinfo'));
  const own = mountOf(directory, mounts);
  const root =
    own === undefined ? '' : `${own.root}/${directory.slice(own.point.length)}`.replace(/\/+/g, '/');
  const image = hasImage(directory) ? directory : null;
  // What is mounted here concerns all who are here: it is told once.
  const known = new Map<number | null, boolean>([[inodeOfProcess('/proc/self/ns/mnt'), false]]);
  const here = mounts
    .filter(
      mount =>
        !(mount.point === image && mount.type === 'squashfs') &&
        ((mount.device === own?.device && isWithin(mount.root, root)) ||
          // Somebody's files, seen in the tree.
          isWithin(mount.point, directory)),
    )
    .map(({ point }) => `the mount ${point}`);
  const mounted = (pid: string): boolean => {
    const namespace = inodeOfProcess(`/proc/${pid}/ns/mnt`);
    const before = known.get(namespace);
    if (before !== undefined && namespace !== null) return before;
    const found =
      own !== undefined && shows(textOfProcess(`/proc/${pid}/mountinfo`), own.device, root, image);
    known.set(namespace, found);
    return found;
  };
  const others = readdirSync('/proc').filter(
    name => /^\d+$/.test(name) && Number(name) !== process.pid && Number(name) !== process.ppid,
  );
  const links = linksNow(others.map(Number), setchos);
  // Nothing is taken away from under those of whom it is not known where they are.
  const unseen = links === 'unknown' ? ['processes whose link of the kernel cannot be read'] : [];
  const behind = placesBehind(place);
  const linked = (pid: string): boolean =>
    links !== 'unknown' && leadsInto(behind(links.get(Number(pid)) ?? ''), directory);
  const processes = others
    .filter(
      pid =>
        ['root', 'cwd', 'exe'].some(name => leadsInto(linkOfProcess(`/proc/${pid}/${name}`), directory)) ||
        linked(pid) ||
        mounted(pid),
    )
    .map(pid => `process ${pid} (${textOfProcess(`/proc/${pid}/comm`).trim() || '?'})`);
  return [...generations, ...here, ...processes, ...unseen];
}
