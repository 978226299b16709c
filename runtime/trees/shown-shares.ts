import { statSync } from 'node:fs';
import type { Share } from '../../spec/environment.js';
import type { RegisteredShare } from './registry.js';

export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** In the mode of what is written of `files` (render-files.ts): the host has it no longer, and only programs of before show it. */
export const GONE = 0o1000;

/** Whether what is written of `files` is to be shown. */
export function isRendered(path: string): boolean {
  try {
    const stat = statSync(path);
    return stat.isFile() && (stat.mode & GONE) === 0;
  } catch {
    return false;
  }
}

/** The shares that a launch gets now: all but the optional ones that the host has not. `prefix`: the host's root, as /proc/1/root. */
export function shownShares(shares: readonly RegisteredShare[], prefix = ''): readonly Share[] {
  return shares
    .filter(
      ({ optional, path, from }) =>
        !optional || (from === undefined ? isThere(prefix + path) : isRendered(prefix + from)),
    )
    .map(({ path, from, readonly }) => ({
      path,
      ...(from === undefined ? {} : { from }),
      readonly,
      ...(from !== undefined || isFile(prefix + path) ? { file: true } : {}),
    }));
}
