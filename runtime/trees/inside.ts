/** Files of a tree, which an image may have made anything: links lead as they would inside, nobody waits for a FIFO, and a device is not opened. */
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { isUnreadable } from '../host/error-code.js';
import { isWithin } from './mount-facts.js';
import { followInside } from './mount-points.js';
import { treeView } from './tree-directory.js';

/** asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10000000;

export type Find = (path: string) => string | null;

/** Where a path leads inside, never out of the tree; null: nowhere, or what is on the way cannot be read: what is found so is only told. */
export function finder(root: string): Find {
  const view = treeView(root);
  return path => {
    try {
      const found = followInside(view, path, []);
      return found.kind === 'there' ? found.path : null;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return null;
    }
  };
}

/** Null: it is none, a symlink for example. What it is is seen before it is opened: to open a device may do something. */
export function openRegular(path: string): number | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  const look = openSync(path, O_PATH | O_NOFOLLOW);
  try {
    if (!fstatSync(look).isFile()) return null;
    return openSync(`/proc/self/fd/${look}`, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } finally {
    closeSync(look);
  }
}

/** `read` gets a regular file below `root` (empty: the host's), whose path has no symlinks; null: it is none, or `read` throws. */
export function withRegular<Value>(
  root: string,
  path: string,
  read: (fd: number) => Value | null,
): Value | null {
  let fd: number | null = null;
  try {
    fd = openRegular(root + path);
    if (fd === null) return null;
    // Somebody may have put a symlink on the way since.
    if (!isWithin(readlinkSync(`/proc/self/fd/${fd}`), root === '' ? '/' : root)) return null;
    return read(fd);
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
