/**
 * Whom we trust (docs/architecture.md, "Trust"), for what TypeScript reads of containers: root or the caller as owner, nobody else who could write. The engine has the
 * same rule for programs, and says why (runtime/engine/door/trust.c). Where the way is trusted nobody else can change what a path leads to between two calls.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs';
import { codeOf } from '../host/error-code.js';

/** Somebody else could have written it, or put it there. */
export interface Distrust {
  readonly what: 'state root' | 'state directory' | 'image directory' | 'work directory' | 'file';
  /** What was asked for. */
  readonly whole: string;
  /** The directory, link or file on the way there, or it itself, that others could have put there. */
  readonly path: string;
  readonly why: Reason;
}

type Reason =
  | { readonly kind: 'others'; readonly uid: number; readonly mode: number }
  /** Such as a link. */
  | { readonly kind: 'other-kind' }
  /** The caller may not even open it, or cannot. */
  | { readonly kind: 'not-opened'; readonly code: string };

const LINKS = 40;
const STICKY = 0o1000;
const OTHERS = 0o022;
const GROUP = 0o020;

const ownerTrusted = (uid: number, euid: number): boolean => uid === 0 || uid === euid;

const others = ({ uid, mode }: Stats): Reason => ({ kind: 'others', uid, mode: mode & 0o7777 });

function look(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** A link of /proc may not be read. */
function leadsTo(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

/**
 * What is wrong on the way to an absolute path, or with what it leads to; null: nothing. What is missing is nobody's. Above the end a sticky directory
 * may be written by all: nobody can replace what is root's in it. And the owner of `/` is trusted there: inside a user namespace root of the host is nobody.
 * `euid`: whose trust it is. `end`: what the path leads to is ours, or it is a program of the host's, which its root and his group may have written, too.
 */
export function distrustWay(
  path: string,
  euid: number,
  what: Distrust['what'] = 'state root',
  end: 'ours' | 'host' = 'ours',
): Distrust | null {
  const slash = statSync('/');
  const writable = ({ mode, gid }: Stats): boolean =>
    (mode & (end === 'host' && (gid === 0 || gid === slash.gid) ? OTHERS & ~GROUP : OTHERS)) !== 0;
  let way = '';
  let rest = path.split('/');
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest;
    rest = after;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      way = way.slice(0, Math.max(0, way.lastIndexOf('/')));
      continue;
    }
    const here = `${way}/${name}`;
    const stat = look(here);
    if (stat === null) return null;
    const last = rest.every(other => other === '');
    const badOwner = !ownerTrusted(stat.uid, euid) && ((last && end === 'ours') || stat.uid !== slash.uid);
    const link = stat.isSymbolicLink();
    const badMode = !link && writable(stat) && (last || (stat.mode & STICKY) === 0);
    if (badOwner || badMode) return { what, whole: path, path: here, why: others(stat) };
    if (!link) {
      way = here;
      continue;
    }
    if (++links > LINKS) return null;
    const target = leadsTo(here);
    if (target === null) return null;
    if (target.startsWith('/')) way = '';
    rest = [...target.split('/'), ...rest];
  }
  return null;
}

export type Opened =
  | { readonly kind: 'open'; readonly fd: number }
  | { readonly kind: 'distrust'; readonly distrust: Distrust }
  | { readonly kind: 'missing' };

/** Open ROOT/ID or a file in it, on a way that is trusted. Anything that is not a directory or a regular file, a link too, is not trusted. */
export function openTrusted(what: 'state directory' | 'file', path: string, euid: number): Opened {
  const distrust = (why: Reason): Opened => ({
    kind: 'distrust',
    distrust: { what, whole: path, path, why },
  });
  const isRight = (stat: Stats): boolean => (what === 'file' ? stat.isFile() : stat.isDirectory());
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  let fd: number;
  try {
    fd = openSync(path, what === 'file' ? flags : flags | constants.O_DIRECTORY);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { kind: 'missing' };
    const there = look(path);
    return distrust(there === null || isRight(there) ? { kind: 'not-opened', code } : { kind: 'other-kind' });
  }
  const stat = fstatSync(fd);
  const right = isRight(stat);
  if (right && ownerTrusted(stat.uid, euid) && (stat.mode & OTHERS) === 0) return { kind: 'open', fd };
  closeSync(fd);
  return distrust(right ? others(stat) : { kind: 'other-kind' });
}
