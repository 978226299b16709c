/**
 * Whether this process sees the machine as process 1 does. Environments are prepared from there, and used only by those who share that view: Slurm's
 * private /tmp or a unit's PrivateTmp would otherwise be lost without a word.
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { DirectoryFact, PathIdentity, Pin } from '../../spec/environment.js';
import { factOf } from '../host/directory-fact.js';
import { parseMountFacts } from './mount-facts.js';

export type CallerView =
  /** The same mount namespace and root. */
  | { readonly kind: 'same' }
  /** Another one; that of process 1 is below `prefix`. */
  | { readonly kind: 'other'; readonly prefix: string }
  | { readonly kind: 'unknown'; readonly code: string };

/** Of a directory, or of any other file. */
export function pathIdentity(path: string): PathIdentity | null {
  try {
    const stat = statSync(path, { bigint: true });
    return { ...factOf(stat.dev, stat.ino), born: String(stat.birthtimeNs) };
  } catch {
    return null;
  }
}

export function sameIdentity(one: PathIdentity | null, other: PathIdentity | null): boolean {
  return one !== null && other !== null && sameDirectory(one, other) && one.born === other.born;
}

export function directoryFact(path: string): DirectoryFact | null {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isDirectory() ? factOf(stat.dev, stat.ino) : null;
  } catch {
    return null;
  }
}

export function sameDirectory(one: DirectoryFact | null, other: DirectoryFact): boolean {
  return one?.inode === other.inode && one.major === other.major && one.minor === other.minor;
}

function rootMount(pid: string): number | undefined {
  return parseMountFacts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).find(mount => mount.point === '/')
    ?.id;
}

export function callerView(): CallerView {
  try {
    const same = readlinkSync('/proc/self/ns/mnt') === readlinkSync('/proc/1/ns/mnt');
    const [own, theirs] = [statSync('/'), statSync('/proc/1/root/')];
    if (same && own.dev === theirs.dev && own.ino === theirs.ino) return { kind: 'same' };
    return { kind: 'other', prefix: '/proc/1/root' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EACCES';
    // Process 1 may hold capabilities that we lack; then its namespace is closed to us, but the numbers of its mounts are not, and no two mounts
    // of a machine have the same one.
    try {
      const own = rootMount('self');
      return own !== undefined && own === rootMount('1') ? { kind: 'same' } : { kind: 'unknown', code };
    } catch {
      return { kind: 'unknown', code };
    }
  }
}

/** Rule 3: the caller's mount namespace and root are those from which the environment was prepared. */
export function seesWhat(host: Pin['host']): boolean {
  try {
    const own = Number(/\d+/.exec(readlinkSync('/proc/self/ns/mnt'))?.[0] ?? 0);
    return own === host.namespace && sameDirectory(directoryFact('/'), host.root);
  } catch {
    return false;
  }
}
