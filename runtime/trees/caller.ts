/**
 * Whether the caller sees the machine as process 1 does. Environments are prepared from there, and used only by those who share that view: Slurm's
 * private /tmp or a unit's PrivateTmp would otherwise be lost without a word.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Caller } from '../../spec/caller.js';
import type { DirectoryFact, PathIdentity, Pin } from '../../spec/environment.js';
import { readFor } from '../host/caller.js';
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

const rootMount = (mountinfo: string | null): number | undefined =>
  parseMountFacts(mountinfo ?? '').find(mount => mount.point === '/')?.id;

export function callerView(caller: Caller): CallerView {
  try {
    const theirs = statSync('/proc/1/root/', { bigint: true });
    const same =
      statSync('/proc/1/ns/mnt').ino === caller.namespaces.mnt &&
      sameDirectory(caller.root, factOf(theirs.dev, theirs.ino));
    return same ? { kind: 'same' } : { kind: 'other', prefix: '/proc/1/root' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EACCES';
    // Process 1 may hold capabilities that we lack; then its namespace is closed to us, but the numbers of its mounts are not, and no two mounts
    // of a machine have the same one.
    try {
      const own = rootMount(readFor(caller)('/proc/self/mountinfo'));
      return own !== undefined && own === rootMount(readFileSync('/proc/1/mountinfo', 'utf8'))
        ? { kind: 'same' }
        : { kind: 'unknown', code };
    } catch {
      return { kind: 'unknown', code };
    }
  }
}

/** Rule 3: the caller's mount namespace and root are those from which the environment was prepared. */
export const seesWhat = (host: Pin['host'], { namespaces, root }: Caller): boolean =>
  namespaces.mnt === host.namespace && sameDirectory(root, host.root);
