import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * An absolute path without `.` and `..` that leads where the kernel finds `path` (path_resolution(7)): `..` behind a link is where the link leads, which node:path does not know. Where the kernel
 * finds nothing, as the names are written. `base`: an absolute path, where relative ones begin.
 */
export function followedPath(base: string, path: string): string {
  const whole = isAbsolute(path) ? path : `${base}/${path}`;
  const names = whole.split('/');
  if (!names.includes('..')) return resolve(whole);
  let at = '/';
  try {
    for (const name of names) at = name === '..' ? dirname(realpathSync(at)) : join(at, name);
    return at;
  } catch {
    return resolve(whole);
  }
}
