/**
 * Files that a new version has in common with the one before lie on the disk once: same path, content, owner, mode, time and extended attributes. By reflink where
 * the file system can, else by a hard link. The new tree is ours alone; the old one may be in use, so its directories are held open and no link in it is followed.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { attributesOf, cloneBlocks, setWritten } from '../host/file-calls.js';
import { entriesOf } from './entries.js';
import { bytesOf } from './inside.js';
import { interruption, moment } from './interruption.js';

export type Sharing = 'auto' | 'reflink' | 'hardlink' | 'none';

export interface Shared {
  readonly files: number;
  readonly bytes: number;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

function open(path: string, flags: number): number | null {
  try {
    return openSync(bytesOf(path), flags);
  } catch {
    return null;
  }
}

const below = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

function alike(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.isFile() &&
    other.isFile() &&
    one.dev === other.dev &&
    one.ino !== other.ino &&
    one.size === other.size &&
    one.mode === other.mode &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.mtimeNs === other.mtimeNs
  );
}

const buffers = [Buffer.allocUnsafeSlow(1 << 20), Buffer.allocUnsafeSlow(1 << 20)] as const;

function fill(fd: number, buffer: Buffer, position: number): number {
  let filled = 0;
  for (let n = -1; n !== 0 && filled < buffer.length; filled += n)
    n = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
  return filled;
}

function sameContent(one: number, other: number): boolean {
  const [left, right] = buffers;
  for (let position = 0; ; position += left.length) {
    const count = fill(one, left, position);
    if (fill(other, right, position) !== count || left.compare(right, 0, count, 0, count) !== 0) return false;
    if (count < left.length) return true;
  }
}

interface Pair {
  readonly path: string;
  readonly fd: number;
  readonly old: number;
  readonly oldPath: string;
  /** A place outside the tree: any name in it may be one of its own. */
  readonly draft: string;
}

/** The new name becomes one of the old file, if that is still the file that was compared. */
function link({ path, old, oldPath, draft }: Pair): boolean {
  try {
    linkSync(bytesOf(oldPath), bytesOf(draft));
    if (lstatSync(bytesOf(draft)).ino === fstatSync(old).ino) {
      renameSync(bytesOf(draft), bytesOf(path));
      return true;
    }
  } catch {
    // Too many links, or it has gone: the new file stays.
  }
  rmSync(bytesOf(draft), { force: true });
  return false;
}

/** `able`: it has capabilities, which the kernel takes away from a file whose blocks are replaced. */
function shareContent(pair: Pair, written: bigint, how: Sharing, able: boolean): boolean {
  const { fd, old } = pair;
  if (how !== 'hardlink' && !able && cloneBlocks(fd, old)) return setWritten(fd, written);
  return how !== 'reflink' && link(pair);
}

/** The bytes that are now in one place. */
function shareFile(path: string, oldPath: string, draft: string, how: Sharing): number {
  const stat = lstatSync(bytesOf(path), { bigint: true });
  // What has several names in the new tree keeps them.
  if (!stat.isFile() || stat.size === 0n || stat.nlink !== 1n) return 0;
  const old = open(oldPath, FILE | constants.O_RDONLY);
  if (old === null) return 0;
  const fd = open(path, FILE | constants.O_RDWR);
  try {
    if (fd === null || !alike(stat, fstatSync(old, { bigint: true }))) return 0;
    const attributes = attributesOf(fd);
    if (attributes === null || attributes !== attributesOf(old) || !sameContent(fd, old)) return 0;
    const able = attributes.includes('security.capability=');
    return shareContent({ path, fd, old, oldPath, draft }, stat.mtimeNs, how, able) ? Number(stat.size) : 0;
  } finally {
    closeSync(old);
    if (fd !== null) closeSync(fd);
  }
}

/** Files between two moments in which signals are seen. */
const AT_ONCE = 64;

/**
 * `tree` is changed, `before` is not; `draft` is a free name on its file system; `onBytes` hears of each file of the tree. Not all of it is done once a signal has
 * come.
 */
export async function share(
  tree: string,
  before: string,
  how: Sharing,
  draft: string,
  onBytes: (count: number) => void = () => undefined,
): Promise<Shared> {
  let files = 0;
  let bytes = 0;
  let seen = 0;
  const visit = async (directory: string, old: number): Promise<void> => {
    for (const { name, kind } of entriesOf(directory)) {
      if (++seen % AT_ONCE === 0) await moment();
      if (interruption.aborted) return;
      const path = `${directory}/${name}`;
      if (kind.isDirectory()) {
        const inner = open(below(old, name), DIRECTORY);
        if (inner === null) continue;
        try {
          await visit(path, inner);
        } finally {
          closeSync(inner);
        }
      } else if (kind.isFile()) {
        const shared = shareFile(path, below(old, name), draft, how);
        onBytes(lstatSync(bytesOf(path)).size);
        files += shared > 0 ? 1 : 0;
        bytes += shared;
      }
    }
  };
  const old = how === 'none' ? null : open(before, DIRECTORY);
  if (old === null) return { files, bytes };
  try {
    await visit(tree, old);
  } finally {
    closeSync(old);
  }
  return { files, bytes };
}
