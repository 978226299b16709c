/** The directory of a tree on the host: is it in its place, what is in it. */

import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reason } from '../admit/diagnostic.js';
import { codeOf, unlessMissing } from '../host/error-code.js';
import { realPath } from './real-path.js';
import type { TreeEntry, TreeView } from './skeleton.js';

/** Where the image of a tree is that was not unpacked (runtime/store/image-file.ts). */
export const imageBeside = (directory: string): string => `${directory}.squashfs`;

/** A version of an imported tree whose image is there, and not mounted: the directory is empty. */
function isUnmounted(directory: string): boolean {
  if (!/\/[1-9]\d*$/.test(directory)) return false;
  const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile(imageBeside(directory)) || !isFile(`${directory}.json`)) return false;
  return statSync(directory).dev === statSync(dirname(directory)).dev;
}

/**
 * What is wrong with a registered directory; null if nothing is. A symlink beside its target (debian -> debian12) is how sites name a default; one that
 * leads elsewhere is what an attacker, or a mistaken rsync, would leave. `prefix`: another root, as /proc/1/root.
 */
export function faultOfDirectory(path: string, prefix = ''): Reason | null {
  const real = realPath(path, prefix);
  if (real.kind === 'foreign-link') return { kind: 'foreign-link', link: real.link, ...real.foreign };
  if (real.kind === 'missing') return { kind: 'no-directory', code: real.code };
  try {
    if (!lstatSync(prefix + real.path).isDirectory()) return { kind: 'no-directory', code: 'ENOTDIR' };
    const beside = realPath(dirname(path), prefix);
    const away = beside.kind !== 'at' || dirname(real.path) !== beside.path || real.path === '/';
    if (away && lstatSync(prefix + path).isSymbolicLink()) return { kind: 'leads-away', target: real.path };
    if (real.path === '/') return { kind: 'root-directory', of: 'host' };
    return isUnmounted(prefix + real.path) ? { kind: 'not-mounted' } : null;
  } catch (error) {
    return { kind: 'no-directory', code: codeOf(error) };
  }
}

function entryOf(path: string): TreeEntry {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  const { uid, gid } = stat;
  return stat.isDirectory() ? { kind: 'directory', mode: stat.mode & 0o7777, uid, gid } : { kind: 'other' };
}

/** What ENOENT says, below a file. */
const NOT_THERE = ['ENOTDIR'];

/** `directory` as planRoot asks for it. Throws Unreadable: a skeleton would lack what could not be read. */
export function treeView(directory: string): TreeView {
  return {
    entry: path => unlessMissing(directory + path, () => entryOf(directory + path), NOT_THERE),
    list: path =>
      (unlessMissing(directory + path, () => readdirSync(directory + path), NOT_THERE) ?? []).sort(),
  };
}
