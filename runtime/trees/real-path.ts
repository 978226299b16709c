/**
 * Where a registered path leads. Symlinks are followed only where nobody but root could have put them: below a directory that somebody else owns or may
 * write to, a link is not root's word any more, whoever owns it (a link of root's can be moved there). The path that comes out has no symlinks, and
 * programs open it without following any (RESOLVE_NO_SYMLINKS), so that what is renamed in the meantime makes them fail, and leads nowhere.
 */

import { lstatSync, readlinkSync, statfsSync } from 'node:fs';
import { S_IFLNK, S_IFMT } from '../../spec/kernel.js';
import { codeOf } from '../host/error-code.js';
import { join, LINKS, names, parent } from './path-parts.js';

/** A directory that others than root can change. */
export interface ForeignDirectory {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
}

export type RealPath =
  | { readonly kind: 'at'; readonly path: string; readonly foreign: ForeignDirectory | null }
  | { readonly kind: 'foreign-link'; readonly link: string; readonly foreign: ForeignDirectory }
  /** `path`: to where it leads, without the links on the way to what is missing. */
  | { readonly kind: 'missing'; readonly code: string; readonly path: string };

/** linux/magic.h: what a FUSE file system says of owners is the word of who mounted it, and fusermount(1) lets users do that. */
const FUSE_SUPER_MAGIC = 0x65735546;

function onFuse(path: string, prefix: string): boolean {
  for (let at = path; ; at = parent(at)) {
    if (statfsSync(prefix + at).type === FUSE_SUPER_MAGIC) return true;
    if (at === '/') return false;
  }
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** `prefix`: another root, as /proc/1/root. */
export function realPath(path: string, prefix = ''): RealPath {
  const rest = [...names(path)];
  let at = '/';
  let foreign: ForeignDirectory | null = null;
  let links = 0;
  let next = at;
  try {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '..') {
        at = parent(at);
        continue;
      }
      next = join(at, name);
      const directory = lstatSync(prefix + at);
      const { uid, mode } = lstatSync(prefix + next);
      const isLink = (mode & S_IFMT) === S_IFLNK;
      // In a sticky directory, what is root's stays where it is; but a link of root's may have been moved there (a directory cannot).
      const kept = (directory.mode & STICKY) !== 0 && uid === 0 && !isLink;
      if (foreign === null && (directory.uid !== 0 || ((directory.mode & OTHERS_WRITE) !== 0 && !kept)))
        foreign = { path: at, uid: directory.uid, mode: directory.mode & 0o7777 };
      if (!isLink) {
        at = next;
        continue;
      }
      const others: ForeignDirectory | null =
        foreign ?? (uid !== 0 || onFuse(at, prefix) ? { path: next, uid, mode: mode & 0o7777 } : null);
      if (others !== null) return { kind: 'foreign-link', link: next, foreign: others };
      if (++links > LINKS) return { kind: 'missing', code: 'ELOOP', path };
      const target = readlinkSync(prefix + next);
      rest.unshift(...names(target));
      if (target.startsWith('/')) at = '/';
    }
  } catch (error) {
    return { kind: 'missing', code: codeOf(error), path: [next, ...rest].join('/') };
  }
  return { kind: 'at', path: at, foreign };
}

/** The path has no symlinks, and nobody but root could put others in place of what is on the way to it. What is not there yet, root will make. */
export function isRoots(path: string, prefix = ''): boolean {
  const real = realPath(path, prefix);
  if (real.kind === 'at') return real.path === path && real.foreign === null;
  if (real.kind !== 'missing' || real.code !== 'ENOENT' || !isRoots(parent(path), prefix)) return false;
  try {
    const { uid, mode } = lstatSync(prefix + parent(path));
    return uid === 0 && (mode & OTHERS_WRITE) === 0;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}
