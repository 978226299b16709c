/** One command at a time changes the tree of a name. */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { parent } from '../trees/path-parts.js';
import { isRoots, realPath } from '../trees/real-path.js';
import { isTreeName } from '../trees/registry.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { homeOf, STORE } from './place.js';

export interface Lock {
  /** Children have it too: as long as one of them lives, the lock is held. */
  readonly fd: number;
  release(): void;
}

/** The store and the place of the name in it belong to root, and so does all on the way to them. The store may be a link to another disk. */
function trustedStore(name: string): Result<null> {
  const real = realPath(STORE);
  if (real.kind === 'missing') return fileFault('use', STORE, real.code);
  return real.kind === 'at' && real.foreign === null && isRoots(`${real.path}/${name}/lock`)
    ? good(null)
    : bad({ kind: 'untrusted-store', path: STORE });
}

/** Whatever root's umask is: users must get to the trees. Only what is made here is changed. */
function makePlace(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o755 });
  for (let at = path; first !== undefined && at.length >= first.length; at = parent(at)) chmodSync(at, 0o755);
}

/** A directory that an import has made has a lock, or nothing yet. What else stands in the store is somebody's. */
function isPlace(name: string): boolean {
  const home = homeOf(name);
  const stat = statSync(home, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  if (!stat.isDirectory() || name === 'lost+found') return false;
  const inside = readdirSync(home);
  return inside.length === 0 || inside.includes('lock');
}

const same = (fd: number, path: string): boolean =>
  fstatSync(fd).ino === statSync(path, { throwIfNoEntry: false })?.ino;

/** `create`: the place of the name is made if there is none; else null is the lock of a name that nothing is stored of. */
export async function lockName(name: string, verb: string, create: boolean): Promise<Result<Lock | null>> {
  if (process.geteuid?.() !== 0) return bad({ kind: 'needs-root', verb });
  if (!isTreeName(name)) return bad({ kind: 'bad-name', name });
  const { tryLockExclusive } = await import('../host/libc.js');
  const path = `${homeOf(name)}/lock`;
  try {
    if (create) makePlace(STORE);
    else if (statSync(homeOf(name), { throwIfNoEntry: false }) === undefined) return good(null);
    if (!isPlace(name)) return bad({ kind: 'foreign', name, path: homeOf(name) });
    const trusted = trustedStore(name);
    if (trusted.kind === 'fault') return trusted;
    for (;;) {
      if (create) makePlace(homeOf(name));
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
      const fd = openSync(path, flags, 0o600);
      if (!tryLockExclusive(fd)) {
        closeSync(fd);
        return bad({ kind: 'busy', name });
      }
      // `tree remove` has taken away what was opened: once more.
      if (same(fd, path)) return good({ fd, release: () => closeSync(fd) });
      closeSync(fd);
    }
  } catch (error) {
    return fileFault('use', path, codeOf(error));
  }
}
