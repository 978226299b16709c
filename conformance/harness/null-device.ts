import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Runtimes change the owner of what they get as standard streams, so the mount namespace, which must be our own, gets a null device of its own below `dir`. */
export function ownNullDevice(dir: string): void {
  const place = join(dir, 'null');
  mkdirSync(place);
  // The directory of the test may be on a file system without device files.
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place]);
  execFileSync('mknod', ['-m', '666', join(place, 'null'), 'c', '1', '3']);
  execFileSync('mount', ['--bind', join(place, 'null'), '/dev/null']);
}
