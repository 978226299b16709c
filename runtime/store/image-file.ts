/**
 * A version that is not unpacked: the squashfs `N.squashfs`, mounted at `N`. The mount is the host's and is gone after a boot; `tree prepare` makes it again
 * (docs/trees-in.md, "A squashfs").
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { parseMountFacts } from '../trees/mount-facts.js';
import { imageBeside } from '../trees/tree-directory.js';
import { work } from './child.js';
import { bad, good, type Result } from './fault.js';

const MAGIC = 'hsqs';
const LOOPS = '/dev/loop-control';

/** A regular file that begins as one. Nothing else is waited for, and what cannot be read is told by who reads all of it. */
export function isSquashfs(path: string): boolean {
  let fd: number | null = null;
  try {
    if (!statSync(path).isFile()) return false;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const first = Buffer.alloc(MAGIC.length);
    return readSync(fd, first) === MAGIC.length && first.toString('latin1') === MAGIC;
  } catch {
    return false;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

export const hasImage = (place: string): boolean => existsSync(imageBeside(place));

/** The kernel knows the place without links. */
const realOf = (place: string): string => {
  try {
    return realpathSync(place);
  } catch {
    return place;
  }
};

export function isMounted(place: string): boolean {
  const point = realOf(place);
  return parseMountFacts(readFileSync('/proc/self/mountinfo', 'utf8')).some(mount => mount.point === point);
}

/** Somebody may have mounted something over it. */
const MOST_MOUNTS = 16;

/** Nothing if it is there already. What is in it cannot be changed, and its device nodes are none. `hold`: the lock, which mount(8) then has, too. */
export async function mountImage(place: string, hold: readonly number[] = []): Promise<Result<null>> {
  if (!hasImage(place) || isMounted(place)) return good(null);
  const image = imageBeside(realOf(place));
  if (!statSync(LOOPS, { throwIfNoEntry: false })?.isCharacterDevice())
    return bad({ kind: 'no-loop', image });
  return work({
    program: 'mount',
    args: ['-t', 'squashfs', '-o', 'ro,nodev,loop', '--', image, realOf(place)],
    verb: `mount \`${image}\``,
    hold,
  });
}

/** Whoever has come in although nobody was there a moment ago keeps what he sees. */
export function unmountImage(place: string): void {
  if (!hasImage(place)) return;
  for (let i = 0; i < MOST_MOUNTS && isMounted(place); i++)
    spawnSync('umount', [...(i === 0 ? [] : ['-l']), '--', realOf(place)], { stdio: 'ignore' });
}
