/** One command at a time changes the tree of a name. */
import { closeSync, constants, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { codeOf } from '../host/error-code.js';
import { realPath } from '../trees/real-path.js';
import { isTreeName } from '../trees/registry.js';
import { bad, fileFault, good, type Result } from './fault.js';
import { homeOf, STORE } from './place.js';

export interface Lock {
  /** Children have it too: as long as one of them lives, the lock is held. */
  readonly fd: number;
  release(): void;
}

/** The store belongs to root, and so does all on the way to it. */
function trustedStore(): Result<null> {
  const real = realPath(STORE);
  if (real.kind === 'missing') return fileFault('use', STORE, real.code);
  return real.kind === 'at' && real.foreign === null
    ? good(null)
    : bad({ kind: 'untrusted-store', path: STORE });
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
    if (create) mkdirSync(STORE, { recursive: true, mode: 0o755 });
    else if (statSync(homeOf(name), { throwIfNoEntry: false }) === undefined) return good(null);
    const trusted = trustedStore();
    if (trusted.kind === 'fault') return trusted;
    for (;;) {
      if (create) mkdirSync(homeOf(name), { recursive: true, mode: 0o755 });
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
