/** What `checkpoint` asks about a container: its mounts, its streams, its namespaces. Only texts come of it, which CRIU compares with what it finds itself. */
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { DumpFacts, MountFact, StreamFact } from '../../spec/dump-facts.js';

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** proc_pid_mountinfo(5) */
export function mountsIn(mountinfo: string): readonly MountFact[] {
  return mountinfo.split('\n').flatMap(line => {
    const [before = '', after = ''] = line.split(' - ');
    const [id, , device, root, point] = before.split(' ');
    const [type] = after.split(' ');
    if (device === undefined || root === undefined || point === undefined || type === undefined) return [];
    return [{ id: Number(id), device, root: unescaped(root), point: unescaped(point), type }];
  });
}

const LINKS = 40;

/** Where an absolute path leads below `root`, as far as it is there; links are those of a root of its own. */
export function placeBelow(root: string, path: string): string {
  const done: string[] = [];
  let rest = path.split('/');
  for (let links = 0; rest.length > 0; ) {
    const [part = '', ...after] = rest;
    rest = after;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkAt(`${root}/${[...done, part].join('/')}`);
    if (target === null || ++links > LINKS) {
      done.push(part);
      continue;
    }
    if (target.startsWith('/')) done.length = 0;
    rest = [...target.split('/'), ...rest];
  }
  return `/${done.join('/')}`;
}

function linkAt(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}

const hex = (number: number): string => number.toString(16);

/** tty_ioctl(4): the terminals that a devpts has. */
const FIRST_PTS = 136;
const LAST_PTS = 143;
const majorOf = (device: number): number => (device >> 8) & 0xfff;

function streamOf(pid: number, fd: number, own: ReadonlySet<number>): StreamFact | null {
  const path = `/proc/${pid}/fd/${fd}`;
  try {
    const target = readlinkSync(path);
    const stat = statSync(path);
    const major = majorOf(stat.rdev);
    if (stat.isCharacterDevice() && major >= FIRST_PTS && major <= LAST_PTS)
      return { target, kind: 'terminal', key: `tty[${hex(stat.rdev)}:${hex(stat.dev)}]` };
    const [, mount = ''] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? [];
    if (target.startsWith('/') && !own.has(Number(mount)))
      return { target, kind: 'outside', key: `file[${hex(Number(mount))}:${hex(stat.ino)}]` };
    return { target, kind: 'other', key: target };
  } catch {
    return null;
  }
}

/** `destinations`: those of config.json. */
export function probeDumpFacts(pid: number, destinations: readonly string[]): DumpFacts {
  const mounts = mountsIn(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  const ids = new Set(mounts.map(({ id }) => id));
  const inode = (type: string): number => statSync(`/proc/${pid}/ns/${type}`).ino;
  return {
    mounts,
    hostDevices: new Set(mountsIn(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ device }) => device)),
    streams: [0, 1, 2].map(fd => streamOf(pid, fd, ids)),
    places: new Map(destinations.map(path => [path, placeBelow(`/proc/${pid}/root`, path)])),
    namespaces: { network: inode('net'), pid: inode('pid') },
  };
}
