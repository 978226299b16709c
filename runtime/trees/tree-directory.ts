/** The directory of a tree on the host: is it in its place, what is in it. */
import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reason } from '../admit/diagnostic.js';
import type { TreeView } from './skeleton.js';

/** The name of an errno; what is no errno is a bug and goes on. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}

/**
 * What is wrong with a registered directory; null if nothing is. A symlink beside its target (debian -> debian12) is how sites name a default; one that
 * leads elsewhere is what an attacker, or a mistaken rsync, would leave.
 */
export function faultOfDirectory(path: string): Reason | null {
  try {
    if (!statSync(path).isDirectory()) return { kind: 'no-directory', code: 'ENOTDIR' };
    const real = realpathSync(path);
    if (lstatSync(path).isSymbolicLink() && dirname(real) !== realpathSync(dirname(path)))
      return { kind: 'leads-away', target: real };
    return real === '/' ? { kind: 'leads-away', target: '/' } : null;
  } catch (error) {
    return { kind: 'no-directory', code: codeOf(error) };
  }
}

/** `directory` as planRoot asks for it. What cannot be read counts as not there. */
export function treeView(directory: string): TreeView {
  return {
    entry: path => {
      try {
        const stat = lstatSync(directory + path);
        if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(directory + path) };
        return stat.isDirectory() ? { kind: 'directory', mode: stat.mode & 0o7777 } : { kind: 'other' };
      } catch {
        return null;
      }
    },
    list: path => {
      try {
        return readdirSync(directory + path).sort();
      } catch {
        return [];
      }
    },
  };
}
