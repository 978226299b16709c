/** What is known of the process that asks (spec/caller.ts), in the place of /proc/self. */
import { readFileSync, statSync } from 'node:fs';
import { type Caller, type CallerFile, callerFiles, callerNamespaces } from '../../spec/caller.js';
import { factOf } from './directory-fact.js';
import { Unreadable, unlessMissing } from './error-code.js';
import { readProc } from './read-proc.js';
import { readLink } from './user-namespace.js';

const OWN = '/proc/self/';

const isCallerFile = (name: string): name is CallerFile => callerFiles.some(file => file === name);

/** Its text comes with the request. */
export const isOwnFile = (path: string): boolean =>
  path.startsWith(OWN) && isCallerFile(path.slice(OWN.length));

/** The mounts, which are those of the caller, too. */
export const isMountInfo = (path: string): boolean => path === `${OWN}mountinfo`;

/**
 * The text of a small file of /proc or /sys as the caller would read it; null where there is none. Mounts are those of this process: whoever is served
 * by another process than its own child has the same mount namespace and root.
 */
export function readFor(
  caller: Caller,
  host: (path: string) => string | null = readProc,
): (path: string) => string | null {
  return path => {
    const name = path.startsWith(OWN) ? path.slice(OWN.length) : '';
    if (!isCallerFile(name)) return host(path);
    return caller.texts[name] === '' ? null : caller.texts[name];
  };
}

/** The same of what is always there: what cannot be read is not empty. Throws Unreadable. */
export function mustReadFor(caller: Caller): (path: string) => string {
  const read = readFor(caller);
  return path => {
    const text = read(path);
    if (text !== null) return text;
    // Of a file of the caller's own nothing else counts.
    if (isCallerFile(path.slice(OWN.length))) throw new Unreadable(path, 'ENOENT');
    const again = unlessMissing(path, () => readFileSync(path, 'utf8'));
    if (again === null) throw new Unreadable(path, 'ENOENT');
    return again;
  };
}

/** Where a link leads, as the caller would read it. */
export function linkFor(caller: Caller): (path: string) => string | null {
  return path => {
    const name = callerNamespaces.find(one => path === `${OWN}ns/${one}`);
    if (name === undefined) return readLink(path);
    const inode = caller.namespaces[name];
    return inode === 0 ? null : `${name}:[${inode}]`;
  };
}

function namespaceOf(name: string): number {
  try {
    return statSync(`${OWN}ns/${name}`).ino;
  } catch {
    return 0;
  }
}

/** This process as the caller: of commands that are started without the engine, and in tests. */
export function thisProcess(): Caller {
  const { dev, ino } = statSync('/', { bigint: true });
  const namespaces = { user: 0, mnt: 0, pid: 0, cgroup: 0 };
  for (const name of callerNamespaces) namespaces[name] = namespaceOf(name);
  const texts = { status: '', cgroup: '', uid_map: '', gid_map: '', setgroups: '' };
  for (const name of callerFiles) texts[name] = readProc(`${OWN}${name}`) ?? '';
  return {
    pid: process.pid,
    euid: process.geteuid?.() ?? 0,
    egid: process.getegid?.() ?? 0,
    namespaces,
    root: factOf(dev, ino),
    texts,
    handed: 0,
  };
}
