import { lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { listProcesses } from './processes.js';

const cgroupRoot = '/sys/fs/cgroup';
/** CGROUP_SUPER_MAGIC and CGROUP2_SUPER_MAGIC, linux/magic.h. */
const cgroupMagics: readonly number[] = [0x27e0eb, 0x63677270];

/** All cgroup directories whose own name contains `tag`; ids and cgroup paths of the suite carry it. */
export function cgroupsNamed(tag: string): readonly string[] {
  const found: string[] = [];
  const queue = cgroupHierarchies();
  for (let dir = queue.pop(); dir !== undefined; dir = queue.pop()) {
    for (const name of directoriesIn(dir)) {
      const path = join(dir, name);
      if (name.includes(tag)) found.push(path);
      queue.push(path);
    }
  }
  return found;
}

/** The directories, and those in them: Podman gives the groups that it makes names of its own. */
export const withChildren = (paths: readonly string[]): readonly string[] =>
  paths.flatMap(path => [path, ...directoriesIn(path).map(name => join(path, name))]);

/**
 * Removes what a runtime left behind, so that one bad case does not fail the next ones; returns a sentence about it.
 * The directories are given parents first, as {@link cgroupsNamed} finds them.
 */
export function removeCgroups(paths: readonly string[]): readonly string[] {
  for (const path of [...paths].sort().reverse()) {
    try {
      rmdirSync(path);
    } catch {
      // Still in use, or no cgroup: the complaint below stands, and the host check at the end repeats it.
    }
  }
  return paths.length === 0 ? [] : [`${paths.length} cgroups left: ${paths[0]} ...`];
}

/**
 * Podman makes a cgroup for all that it runs, and never removes it. At the end of a program whose Podman ran on a machine of its own, where nobody is in it
 * any more, those that are new are removed.
 */
export function keepGroupsOfPodman(): void {
  if (process.pid === 1) return;
  const groups = (): readonly string[] => withChildren(cgroupsNamed('libpod_parent'));
  const before = new Set(groups());
  process.on('exit', () => removeCgroups(groups().filter(path => !before.has(path))));
}

/** Mount points of the cgroup hierarchies: one for each v1 controller, `unified` on a hybrid host, the root on v2. */
function cgroupHierarchies(): string[] {
  const places = [cgroupRoot, ...directoriesIn(cgroupRoot).map(name => join(cgroupRoot, name))];
  const mounted = places.filter(path => cgroupMagics.includes(statfsSync(path).type));
  return mounted.includes(cgroupRoot) ? [cgroupRoot] : mounted;
}

function directoriesIn(dir: string): readonly string[] {
  try {
    // A symbolic link (cpu -> cpu,cpuacct) is no directory here, so each hierarchy is seen once.
    return readdirSync(dir, { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

/** Mount table of this process, or of that pid, as lines. */
export function mountLines(pid = 'self'): readonly string[] {
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
}

/**
 * What the suite left on the host, as sentences. Only what carries its tag or temporary directory: other programs may
 * mount, and make cgroups, while the suite runs.
 */
export function residueOnHost(tag: string, dir: string): readonly string[] {
  const mounts = mountLines().filter(line => line.includes(dir) || line.includes(tag));
  const processes = listProcesses().filter(({ pid }) => pid !== process.pid && holds(pid, dir));
  return [
    ...mounts.map(line => `mount left: ${line}`),
    ...cgroupsNamed(tag).map(path => `cgroup left: ${path}`),
    ...processes.map(({ pid, command }) => `process left: ${pid} ${command}`),
    ...strayFiles().map(path => `file left: ${path}`),
    ...nullDevice(),
  ];
}

/** Beside the hierarchies of v1 there are only directories and links; a runtime that takes one for the other makes files. */
function strayFiles(): readonly string[] {
  if (cgroupMagics.includes(statfsSync(cgroupRoot).type)) return [];
  return readdirSync(cgroupRoot, { withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ name }) => join(cgroupRoot, name));
}

function holds(pid: number, dir: string): boolean {
  const links = ['cwd', 'root', 'exe'].map(name => linkOf(`/proc/${pid}/${name}`));
  return links.some(link => link.startsWith(dir));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Runtimes change the owner of their standard streams; the host's own /dev/null must have been out of reach. */
function nullDevice(): readonly string[] {
  const found = lstatSync('/dev/null');
  const sound =
    found.isCharacterDevice() && found.uid === 0 && found.gid === 0 && (found.mode & 0o777) === 0o666;
  return sound ? [] : ['/dev/null of the host was changed'];
}
