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

/** The shares that a launch gets now: all but the optional ones that the host has not. `prefix`: the host's root, as /proc/1/root. */
export function shownShares(shares: readonly RegisteredShare[], prefix = ''): readonly Share[] {
  return shares
    .filter(({ optional, path, from = path }) => !optional || isThere(prefix + from))
    .map(({ path, from, readonly }) => ({
      path,
      ...(from === undefined ? {} : { from }),
      readonly,
      ...(from !== undefined || isFile(prefix + path) ? { file: true } : {}),
    }));
}
